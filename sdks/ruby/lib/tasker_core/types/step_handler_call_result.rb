# frozen_string_literal: true

require 'tasker_core/errors'
require 'tasker_core/types/error_types'
require 'tasker_core/types/value_object'

module TaskerCore
  module Types
    # What a handler answers: Success, Error or CheckpointYield, and the ways to make them.
    module StepHandlerCallResult
      # The step has done its work; +result+ is any JSON value.
      class Success < ValueObject
        attribute :success, true, default: true
        attribute :result, default: nil
        attribute :metadata, Hash, default: -> { {} }

        def success? = true
        def checkpoint? = false
      end

      # The step has failed; only +retryable+ decides whether it is tried again.
      class Error < ValueObject
        attribute :success, false, default: false
        attribute :error_type, ->(value) { ErrorTypes.valid?(value) }
        attribute :message, String
        attribute :error_code, [String, Integer, Symbol], default: nil
        attribute :retryable, [true, false], default: false
        attribute :metadata, Hash, default: -> { {} }

        def success? = false
        def checkpoint? = false
        def retryable? = retryable
      end

      # Progress to keep; the step is dispatched again from there.
      class CheckpointYield < ValueObject
        attribute :cursor, default: nil
        attribute :items_processed, ->(value) { value.is_a?(Integer) && !value.negative? }
        attribute :accumulated_results, default: nil

        def success? = false
        def success = false
        def checkpoint? = true
      end

      KINDS = [Success, Error, CheckpointYield].freeze

      NO_MESSAGE = 'the handler reported a failure without a message'

      class << self
        def success(result:, metadata: {}) = Success.new(result:, metadata:)

        # Raises StructError unless +error_type+ is one of ErrorTypes::ALL.
        def error(error_type:, message:, error_code: nil, retryable: false, metadata: {})
          Error.new(error_type:, message:, error_code:, retryable:,
                    metadata:)
        end

        # Any +error_type+: one that is not ours is kept in the metadata and sent as given.
        def failure(message:, error_type: 'UnexpectedError', error_code: nil, retryable: false, metadata: {})
          given = error_type.to_s
          retryable = retryable ? true : false
          known = ErrorTypes.valid?(given) ? given : ErrorTypes::SNAKE_CASE[given]
          if known.nil?
            metadata = (metadata || {}).merge(original_error_type: given)
            known = retryable ? ErrorTypes::RETRYABLE_ERROR : ErrorTypes::PERMANENT_ERROR
          end
          message = message.to_s.empty? ? NO_MESSAGE : message.to_s
          error(error_type: known, message:, error_code:, retryable:,
                metadata: metadata || {})
        end

        def checkpoint_yield(cursor:, items_processed:, accumulated_results: nil)
          CheckpointYield.new(cursor:, items_processed:,
                              accumulated_results:)
        end

        # Results stay as they are; a hash with a +success+ key is read as a result; anything else is a success.
        def from_handler_output(output)
          return output if KINDS.any? { |kind| output.is_a?(kind) }
          return success(result: output) unless output.is_a?(Hash)

          flag = output.key?(:success) ? output[:success] : output['success']
          return success(result: output) if flag.nil?

          from_flagged_hash(output.to_h.transform_keys(&:to_sym), flag)
        end

        # How an exception that left a handler is reported.
        def from_exception(error)
          message = exception_message(error)
          case error
          when Errors::PermanentError
            error(error_type: ErrorTypes::PERMANENT_ERROR, message:, error_code: error.error_code,
                  retryable: Errors::ErrorClassifier.retry?(error), metadata: { context: error.context })
          when Errors::RetryableError
            error(error_type: ErrorTypes::RETRYABLE_ERROR, message:,
                  retryable: Errors::ErrorClassifier.retry?(error),
                  metadata: { retry_after: error.retry_after, context: error.context })
          else unexpected(error, message)
          end
        end

        private

        def from_flagged_hash(hash, flag)
          metadata = hash[:metadata].is_a?(Hash) ? hash[:metadata] : {}
          if flag
            return success(result: hash.key?(:result) ? hash[:result] : hash.except(:success, :metadata),
                           metadata:)
          end
          failure(message: hash[:message] || hash[:error_message],
                  error_type: hash[:error_type] || 'UnexpectedError', error_code: hash[:error_code],
                  retryable: hash[:retryable] == true, metadata:)
        end

        def unexpected(error, message)
          code = error.error_code if error.respond_to?(:error_code)
          metadata = { exception_class: error.class.name, stack_trace: (error.backtrace || []).first(50).join("\n") }
          metadata[:retry_after] = error.retry_after if error.respond_to?(:retry_after) && error.retry_after
          error(error_type: ErrorTypes::UNEXPECTED_ERROR, message:, error_code: code&.to_s,
                retryable: Errors::ErrorClassifier.retry?(error), metadata:)
        end

        def exception_message(error)
          text = error.message.to_s
          text.empty? ? name_of(error.class) : text
        rescue StandardError
          name_of(error.class)
        end

        # A class without a name is known by its parent.
        def name_of(klass) = klass.name || name_of(klass.superclass)
      end
    end
  end
end

# frozen_string_literal: true

require 'tasker_core/types/step_handler_call_result'
require 'tasker_core/worker/run_control'

module TaskerCore
  module Worker
    # A failed step before it is written. +retry_after+ is in seconds.
    class Failure
      attr_reader :message, :error_type, :retryable, :error_code, :retry_after, :backtrace, :metadata

      # Frames below the handler say nothing about it.
      OWN_FRAMES = %r{/lib/tasker_core/(worker|step_handler/functional|step_handler/block_arguments)}

      class << self
        # From a result that a handler returned.
        def from_result(result)
          metadata = result.metadata
          new(result.message, metadata[:original_error_type] || result.error_type, result.retryable,
              error_code: result.error_code, metadata:, retry_after: seconds_in(metadata))
        end

        # From what left a handler.
        def from_exception(error, control, message)
          stop = stopped(error, control, message)
          return stop if stop
          return exited(error) if error.is_a?(SystemExit)

          result = Types::StepHandlerCallResult.from_exception(error)
          metadata = result.metadata.merge(exception_class: error.class.name).compact
          new(result.message, result.error_type, result.retryable, error_code: result.error_code,
                                                                   metadata:, backtrace: frames(error),
                                                                   retry_after: seconds_in(metadata))
        end

        private

        def stopped(error, control, message)
          unless error.is_a?(HandlerStopped) || (error.is_a?(Errors::StepCancelledError) && control.cancelled?)
            return nil
          end

          if control.reason == 'timeout'
            return new("the handler ran longer than #{format('%g', message.timeout)} s", 'timeout', true)
          end

          new('the handler stopped because the step was cancelled', 'cancelled', false)
        end

        def exited(error)
          new("the handler called exit (status #{error.status}), which a worker ignores: return a result or raise an " \
              'error instead', 'UnexpectedError', true, backtrace: frames(error))
        end

        def frames(error)
          lines = (error.backtrace || []).grep_v(OWN_FRAMES)
          cause = error.cause
          cause ? lines + ["caused by #{cause.class}: #{cause.message.to_s.lines.first.to_s.strip}"] : lines
        rescue StandardError
          []
        end

        def seconds_in(metadata)
          %i[retry_after_seconds retry_after].flat_map { |key| [metadata[key], metadata[key.to_s]] }.find do |value|
            (value.is_a?(Integer) || (value.is_a?(Float) && value.finite?)) && !value.negative?
          end
        end
      end

      def initialize(message, error_type, retryable, error_code: nil, retry_after: nil, backtrace: nil, metadata: {})
        @message = message
        @error_type = error_type
        @retryable = retryable
        @error_code = error_code
        @retry_after = retry_after
        @backtrace = backtrace
        @metadata = metadata || {}
      end
    end
  end
end

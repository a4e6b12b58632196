# frozen_string_literal: true

module TaskerCore
  module Errors
    # Whether an exception that left a handler is worth another attempt.
    class ErrorClassifier
      PERMANENT = %w[ConfigurationError PermanentError ValidationError NotFoundError DatabaseError].freeze

      class << self
        # False for wrong settings and permanent failures, else true.
        def retryable?(error) = PERMANENT.none? { |name| error.is_a?(Errors.const_get(name)) }

        # The same, but an exception that answers +retryable?+ or +retryable+ with a boolean decides for itself.
        def retry?(error)
          %i[retryable? retryable].each do |name|
            next unless error.respond_to?(name)

            answer = error.public_send(name)
            return answer if [true, false].include?(answer)
          end
          retryable?(error)
        rescue StandardError
          true
        end
      end
    end
  end
end

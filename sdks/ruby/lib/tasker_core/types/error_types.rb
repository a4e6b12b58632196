# frozen_string_literal: true

module TaskerCore
  module Types
    # The five values of +error_type+.
    module ErrorTypes
      PERMANENT_ERROR = 'PermanentError'
      RETRYABLE_ERROR = 'RetryableError'
      VALIDATION_ERROR = 'ValidationError'
      UNEXPECTED_ERROR = 'UnexpectedError'
      STEP_COMPLETION_ERROR = 'StepCompletionError'

      ALL = [PERMANENT_ERROR, RETRYABLE_ERROR, VALIDATION_ERROR, UNEXPECTED_ERROR, STEP_COMPLETION_ERROR].freeze

      # What the other SDKs call the same things.
      SNAKE_CASE = {
        'permanent_error' => PERMANENT_ERROR, 'retryable_error' => RETRYABLE_ERROR,
        'validation_error' => VALIDATION_ERROR, 'handler_error' => UNEXPECTED_ERROR,
        'unexpected_error' => UNEXPECTED_ERROR, 'step_completion_error' => STEP_COMPLETION_ERROR
      }.freeze

      module_function

      def valid?(text) = ALL.include?(text)
      def typically_retryable?(text) = [RETRYABLE_ERROR, UNEXPECTED_ERROR].include?(text)
      def typically_permanent?(text) = [PERMANENT_ERROR, VALIDATION_ERROR].include?(text)
    end
  end
end

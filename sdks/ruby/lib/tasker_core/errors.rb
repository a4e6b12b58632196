# frozen_string_literal: true

require 'tasker_core/errors/error_classifier'

module TaskerCore
  # What handlers raise and what the SDK raises.
  module Errors
    # The root of them all.
    class Error < StandardError
      # The class's own name as a string.
      def error_class = self.class.name.to_s.split('::').last
    end

    # Settings or templates are wrong; the message says what to correct.
    class ConfigurationError < Error; end

    # The handler's work failed.
    class ProceduralError < Error; end

    # The orchestrator could not do what was asked of it.
    class OrchestrationError < Error; end

    # Kept for handlers that raise it; the SDK itself has no database.
    class DatabaseError < Error; end

    # Constructor keywords: the declared ones have readers, any other goes into +context+.
    module Attributes
      def self.included(base) = base.extend(ClassMethods)

      # The macro that declares keywords.
      module ClassMethods
        def error_attributes(*names)
          attr_reader(*names)

          define_singleton_method(:own_attributes) { names }
          define_method(:own_attributes) { names }
        end
      end

      attr_reader :context

      def initialize(message = nil, context: {}, **keywords)
        super(message)
        own_attributes.each { |name| instance_variable_set("@#{name}", keywords.delete(name)) }
        @context = (context || {}).merge(keywords)
      end
    end

    # Trying again can help. +retry_after+ is in seconds.
    class RetryableError < ProceduralError
      include Attributes
      error_attributes :retry_after

      def retryable? = true
    end

    # Trying again cannot help.
    class PermanentError < ProceduralError
      include Attributes
      error_attributes :error_code

      def retryable? = false
    end

    # Something took too long. +timeout_duration+ is in seconds.
    class TimeoutError < ProceduralError
      include Attributes
      error_attributes :timeout_duration
    end

    # A connection could not be made, or broke.
    class NetworkError < ProceduralError
      include Attributes
      error_attributes :status_code
    end

    # The input is wrong.
    class ValidationError < PermanentError
      error_attributes :field, :error_code
    end

    # Something that was asked for does not exist.
    class NotFoundError < PermanentError
      error_attributes :resource_type, :error_code
    end

    # The orchestrator's API answered with an error, or not at all.
    class ServerError < Error
      include Attributes
      error_attributes :operation
    end

    # A handler stopped early because the step was cancelled; see StepContext#raise_if_cancelled!.
    class StepCancelledError < Error; end
  end
end

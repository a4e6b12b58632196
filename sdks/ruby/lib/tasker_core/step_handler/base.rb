# frozen_string_literal: true

require 'tasker_core/naming'
require 'tasker_core/types'

module TaskerCore
  module StepHandler
    # The base of class-style handlers. Override +call+; what it returns becomes the step's result.
    class Base
      attr_reader :config, :logger

      class << self
        # What templates may call the handler, besides its class name: what the class's own method +handler_name+ says,
        # or the underscored last part of the class name.
        def handler_name
          overridden = instance_method(:handler_name).owner != Base
          # The name must be known before an instance is built, and most overrides are a plain string.
          (overridden && named_by_instance) || Naming.underscore(name.to_s.split('::').last.to_s)
        end

        def handler_version = const_defined?(:VERSION) ? const_get(:VERSION).to_s : '1.0.0'

        # Every handler class of this process that derives from this one.
        def all_classes = subclasses.flat_map { |klass| [klass, *klass.all_classes] }

        private

        def named_by_instance
          name = allocate.handler_name
          name if name.is_a?(String) && !name.empty?
        rescue StandardError
          nil
        end
      end

      # +config+ is the template's +handler.initialization+.
      def initialize(config: {}, logger: nil)
        @config = config || {}
        @logger = logger || TaskerCore::Logger.instance
      end

      # Does the step's work. Return a result of +success+ or +failure+, or any value; raise what went wrong.
      def call(_context)
        raise NotImplementedError, "#{self.class.name} has no method call(context)"
      end

      def handler_name = self.class.handler_name

      # The step has done its work. Raises ArgumentError without a result.
      def success(result: nil, result_data: nil, metadata: {})
        payload = result.nil? ? result_data : result
        raise ArgumentError, 'success needs result: (any JSON value but nil)' if payload.nil?

        Types::StepHandlerCallResult.success(result: payload, metadata: metadata || {})
      end

      # The step has failed; with <tt>retryable: true</tt> it is tried again while attempts are left.
      def failure(message:, error_type: 'UnexpectedError', error_code: nil, retryable: false, metadata: {})
        Types::StepHandlerCallResult.failure(message:, error_type:, error_code:,
                                             retryable:, metadata:)
      end

      def metadata
        { handler_name:, version: self.class.handler_version, capabilities: }
      end

      def capabilities = ['process']

      # A JSON Schema of +config+, for tools.
      def config_schema = { type: 'object', properties: {} }

      # Override to check +config+; false refuses it.
      def validate_config(config = self.config) = config.is_a?(Hash)
    end
  end
end

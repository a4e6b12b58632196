# frozen_string_literal: true

module TaskerCore
  module Registry
    # A handler whose +call+ is another method. Everything else goes to the handler.
    class MethodDispatchWrapper
      attr_reader :method_name

      def initialize(handler, method_name)
        @handler = handler
        @method_name = method_name.to_sym
      end

      def call(context) = @handler.public_send(method_name, context)
      def unwrap = @handler
      def handler_class = @handler.class
      def wraps?(klass) = @handler.is_a?(klass)

      def respond_to_missing?(name, include_private = false) = @handler.respond_to?(name, include_private) || super

      def method_missing(name, *arguments, **keywords, &)
        @handler.respond_to?(name) ? @handler.public_send(name, *arguments, **keywords, &) : super
      end
    end
  end
end

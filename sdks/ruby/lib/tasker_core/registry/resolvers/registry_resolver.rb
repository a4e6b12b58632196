# frozen_string_literal: true

require 'tasker_core/registry/resolvers/base_resolver'

module TaskerCore
  module Registry
    module Resolvers
      # The base of resolvers of your own:
      #
      #   class Payments < TaskerCore::Registry::Resolvers::RegistryResolver
      #     handles_prefix 'payments:'
      #     priority_value 20
      #
      #     def resolve_handler(definition, _config) = Gateway.handler_for(definition.callable)
      #   end
      class RegistryResolver < BaseResolver
        class << self
          def handles_pattern(pattern) = patterns << pattern
          def handles_prefix(prefix) = patterns << /\A#{Regexp.escape(prefix)}/
          def register_handler(key, handler) = class_handlers[key.to_s] = handler
          def priority_value(number = nil) = number ? @priority_value = number : (@priority_value || 50)
          def resolver_name(name = nil) = name ? @resolver_name = name.to_s : @resolver_name

          def patterns = @patterns ||= []
          def class_handlers = @class_handlers ||= {}
        end

        def initialize
          super
          @handlers = self.class.class_handlers.dup
        end

        def name = self.class.resolver_name || super
        def priority = self.class.priority_value

        def can_resolve?(definition, _config = {})
          callable = definition.callable
          @handlers.key?(callable) || self.class.patterns.any? { |pattern| pattern.match?(callable) }
        end

        def resolve(definition, config = {})
          found = @handlers[definition.callable] || resolve_handler(definition, config)
          found && instantiate(found, definition)
        end

        # Override: a class, an instance, a proc, or nil.
        def resolve_handler(_definition, _config = {}) = nil

        def register(key, handler) = @handlers[key.to_s] = handler
        def unregister(key) = @handlers.delete(key.to_s)
        def registered_callables = @handlers.keys
      end
    end
  end
end

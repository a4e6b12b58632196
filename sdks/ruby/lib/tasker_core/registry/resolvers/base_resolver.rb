# frozen_string_literal: true

module TaskerCore
  module Registry
    module Resolvers
      # Finds handlers for definitions. Lower priorities are asked first.
      class BaseResolver
        def name = Naming.underscore(self.class.name.to_s.split('::').last.to_s.delete_suffix('Resolver'))
        def priority = 50

        # Whether +resolve+ may find something.
        def can_resolve?(_definition, _config = {}) = false

        # A handler, or nil.
        def resolve(_definition, _config = {})
          raise NotImplementedError, "#{self.class.name} has no method resolve(definition, config)"
        end

        # Names that are known in advance.
        def registered_callables = []

        private

        # A handler from a class, a proc or an instance. A constructor gets +config:+ only when it declares it.
        def instantiate(handler, definition)
          case handler
          when Class
            takes_config?(handler) ? handler.new(config: definition.initialization || {}) : handler.new
          when Proc then from_proc(handler, definition)
          else handler
          end
        end

        # A proc that takes no context makes a handler; one that does is a handler itself.
        def from_proc(proc, definition)
          made = proc.arity.zero? ? proc.call : nil
          made = instantiate(made, definition) if made.is_a?(Class)
          made || proc
        end

        def takes_config?(klass)
          klass.instance_method(:initialize).parameters.any? do |kind, name|
            kind == :keyrest || (%i[key keyreq].include?(kind) && name == :config)
          end
        end
      end
    end
  end
end

# frozen_string_literal: true

require 'tasker_core/registry/resolvers/base_resolver'

module TaskerCore
  module Registry
    module Resolvers
      # Looks for a loaded class of that name: +Ecommerce::Charge+ or +Ecommerce.Charge+.
      class ClassConstantResolver < BaseResolver
        NAME = /\A[A-Z]\w*((::|\.)[A-Z]\w*)*\z/

        def name = 'class_constant'
        def priority = 100

        def can_resolve?(definition, _config = {}) = !find(definition).nil?

        def resolve(definition, _config = {})
          klass = find(definition)
          klass && instantiate(klass, definition)
        end

        private

        def find(definition)
          return nil unless NAME.match?(definition.callable)

          klass = Naming.constant_path(definition.callable).split('::').reduce(Object) do |scope, part|
            scope.const_get(part, scope.equal?(Object))
          end
          klass if klass.is_a?(Class) && Naming.step_method?(klass, definition.effective_method)
        rescue NameError
          nil
        end
      end
    end
  end
end

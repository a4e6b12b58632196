# frozen_string_literal: true

require 'tasker_core/registry/resolvers/base_resolver'

module TaskerCore
  module Registry
    module Resolvers
      # Names that were registered: with a class, an instance or a proc.
      class ExplicitMappingResolver < BaseResolver
        def initialize(name = 'explicit_mapping')
          super()
          @name = name
          @handlers = {}
          @mutex = Mutex.new
        end

        attr_reader :name

        def priority = 10

        def can_resolve?(definition, _config = {}) = @mutex.synchronize { @handlers.key?(definition.callable) }

        def resolve(definition, _config = {})
          handler = self[definition.callable]
          handler && instantiate(handler, definition)
        end

        def register(key, handler)
          @mutex.synchronize { @handlers[key.to_s] = handler }
        end

        # What was registered under the name, nil when there is nothing.
        def unregister(key) = @mutex.synchronize { @handlers.delete(key.to_s) }

        def [](key) = @mutex.synchronize { @handlers[key.to_s] }
        def registered_callables = @mutex.synchronize { @handlers.keys }
      end
    end
  end
end

# frozen_string_literal: true

require 'tasker_core/errors'
require 'tasker_core/registry/method_dispatch_wrapper'
require 'tasker_core/registry/resolvers/class_constant_resolver'
require 'tasker_core/registry/resolvers/explicit_mapping_resolver'
require 'tasker_core/registry/resolvers/registry_resolver'

module TaskerCore
  module Registry
    # Asks each resolver in turn; a definition with a resolver hint asks that one only.
    class ResolverChain
      # A template names a resolver that the chain does not have.
      class ResolverNotFoundError < Errors::ConfigurationError; end

      # A resolver found a handler that cannot be used.
      class ResolutionError < Errors::ConfigurationError; end

      attr_reader :resolvers

      # Explicit mapping, then class lookup.
      def self.default = new([Resolvers::ExplicitMappingResolver.new, Resolvers::ClassConstantResolver.new])

      def initialize(resolvers = [])
        @resolvers = []
        resolvers.each { |resolver| add_resolver(resolver) }
      end

      # Insert by priority; one of the same name is replaced.
      def add_resolver(resolver)
        kept = resolvers.reject { |known| known.name == resolver.name }
        @resolvers = (kept << resolver).each_with_index.sort_by { |known, index| [known.priority, index] }.map(&:first)
        self
      end
      alias with_resolver add_resolver

      def remove_resolver(name)
        removed = get_resolver(name)
        @resolvers = resolvers - [removed]
        removed
      end

      def get_resolver(name) = resolvers.find { |resolver| resolver.name == name.to_s }
      def explicit_resolver = resolvers.find { |resolver| resolver.is_a?(Resolvers::ExplicitMappingResolver) }

      # A handler ready for <tt>call(context)</tt>, or nil. Raises ResolverNotFoundError and ResolutionError.
      def resolve(definition, config = {})
        candidates(definition).each do |resolver|
          next unless definition.has_resolver_hint? || resolver.can_resolve?(definition, config)

          handler = resolver.resolve(definition, config)
          return wrap_for_method_dispatch(handler, definition) if handler
        end
        nil
      end

      def can_resolve?(definition, config = {})
        candidates(definition).any? { |resolver| resolver.can_resolve?(definition, config) }
      end

      def registered_callables = resolvers.flat_map(&:registered_callables).uniq

      # Add an entry to the explicit mapping.
      def register(key, handler)
        add_resolver(Resolvers::ExplicitMappingResolver.new) if explicit_resolver.nil?
        explicit_resolver.register(key, handler)
      end

      def chain_info
        resolvers.map { |known| { name: known.name, priority: known.priority, resolver_class: known.class.name } }
      end

      def size = resolvers.size
      def resolver_names = resolvers.map(&:name)

      # The handler itself for +call+, else a wrapper around it.
      def wrap_for_method_dispatch(handler, definition)
        return handler unless definition.uses_method_dispatch?

        method = definition.effective_method
        unless Naming.step_method?(handler.singleton_class, method)
          raise ResolutionError, "#{handler.class.name || definition.callable} has no public method #{method}"
        end

        MethodDispatchWrapper.new(handler, method)
      end

      private

      def candidates(definition)
        return resolvers unless definition.has_resolver_hint?

        hinted = get_resolver(definition.resolver)
        return [hinted] if hinted

        raise ResolverNotFoundError, "there is no resolver #{definition.resolver.inspect}; known: " \
                                     "#{resolver_names.join(', ')}"
      end
    end
  end
end

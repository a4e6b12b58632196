# frozen_string_literal: true

require 'singleton'
require 'tasker_core/registry/resolver_chain'
require 'tasker_core/template_discovery'
require 'tasker_core/types/definitions'

module TaskerCore
  module Registry
    # The handlers of this process. One is shared (+instance+); tests make their own.
    class HandlerRegistry
      class << self
        def instance = @instance ||= new

        # Forget everything (for tests).
        def reset_instance! = @instance = nil
      end

      attr_reader :resolver_chain

      def initialize
        @resolver_chain = ResolverChain.default
        @handlers = {}
        @explicit = {}
        @listeners = []
        @mutex = Monitor.new
      end

      # Registered classes, instances and procs by name.
      def handlers = @mutex.synchronize { @handlers.dup }

      # Under its name, its class name and its qualified class name. A name that was given wins over one that a class
      # brings along; giving it again replaces the handler with a warning.
      def register_handler(name, handler)
        @mutex.synchronize do
          name = name.to_s
          if @explicit.key?(name) && !@handlers[name].equal?(handler)
            TaskerCore::Logger.instance.warn("handler #{name} is replaced by #{handler.inspect}")
          end
          @explicit[name] = true
          set(name, handler)
          aliases_of(handler).each { |known_as| set(known_as, handler) unless @explicit.key?(known_as) }
        end
        notify
        handler
      end
      alias register register_handler

      # All handler classes that are loaded, under every name.
      def register_loaded_classes
        StepHandler::Base.all_classes.each { |klass| register_class(klass) if usable?(klass) }
        notify
      end

      # A handler for a string, a HandlerDefinition, a HandlerWrapper or anything with +callable+. Raises
      # ConfigurationError when there is none.
      def resolve_handler(spec)
        definition = definition_of(spec)
        handler = resolver_chain.resolve(definition)
        return handler if handler

        raise Errors::ConfigurationError, "there is no handler #{definition.callable}"
      end
      alias resolve resolve_handler

      def handler_available?(spec) = resolver_chain.can_resolve?(definition_of(spec))
      alias is_registered handler_available?

      # Whether a step can be run here: false is certain, nil means that a resolver of the user has to be asked.
      def knows?(spec)
        definition = definition_of(spec)
        return nil if custom_resolvers?(definition)

        target = registered(definition.callable)
        return method_known?(target, definition) if target && !definition.has_resolver_hint?

        handler_available?(definition)
      rescue Errors::ConfigurationError
        false
      end

      def registered_handlers = resolver_chain.registered_callables.sort
      alias list_handlers registered_handlers

      # Every name a step may call a handler by, with its version or nil, as the worker announces them.
      def callable_names
        registered_handlers.to_h do |name|
          target = registered(name)
          [name, target.respond_to?(:handler_version) ? target.handler_version : nil]
        end
      end

      def add_resolver(resolver)
        resolver_chain.add_resolver(resolver)
        notify
        self
      end

      # What the templates name, and which of it is there.
      def template_discovery_info
        callables = TemplateDiscovery::HandlerDiscovery.discover_all_handlers
        { template_path: TemplateDiscovery::TemplatePath.find_template_config_directory&.to_s, callables:,
          registered: registered_handlers, missing: callables.reject { |name| handler_available?(name) } }
      end

      # Load what the templates name: loaded classes first, then files. Gives the number of registered names.
      def bootstrap_handlers!
        HandlerLoader.new(self).bootstrap
        registered_handlers.size
      end

      # Call the block after each registration.
      def on_change(&block) = @listeners << block

      def register_class(klass)
        @mutex.synchronize do
          [klass.handler_name, *aliases_of(klass)].uniq.each do |name|
            set(name, klass) unless name.to_s.empty? || @explicit.key?(name)
          end
        end
      end

      private

      def set(name, handler)
        @handlers[name] = handler
        resolver_chain.register(name, handler)
      end

      # Abstract classes of the SDK and anonymous ones without a name of their own are not.
      def usable?(klass)
        return false if klass.name.to_s.start_with?('TaskerCore::')

        klass.instance_method(:call).owner != StepHandler::Base && !klass.handler_name.to_s.empty?
      end

      def aliases_of(handler)
        klass = handler.is_a?(Class) ? handler : handler.class
        return [] if klass == Proc

        own = klass.respond_to?(:handler_name) ? [klass.handler_name] : []
        (Naming.class_names(klass) + own).reject(&:empty?)
      end

      def registered(name) = resolver_chain.explicit_resolver&.[](name)

      def method_known?(target, definition)
        method = definition.effective_method
        return Naming.step_method?(target, method) if target.is_a?(Class)

        target.is_a?(Proc) || Naming.step_method?(target.singleton_class, method)
      end

      def custom_resolvers?(definition)
        own = resolver_chain.resolvers.reject do |known|
          known.is_a?(Resolvers::ExplicitMappingResolver) || known.is_a?(Resolvers::ClassConstantResolver)
        end
        return own.any? { |known| known.name == definition.resolver } if definition.has_resolver_hint?

        registered(definition.callable).nil? && own.any?
      end

      def definition_of(spec)
        case spec
        when Types::HandlerDefinition then spec
        when String, Symbol then Types::HandlerDefinition.new(callable: spec.to_s)
        else
          Types::HandlerDefinition.new(
            callable: spec.callable.to_s, handler_method: member(spec, :handler_method),
            resolver: member(spec, :resolver), initialization: member(spec, :initialization) || {}
          )
        end
      end

      def member(spec, name) = spec.respond_to?(name) ? spec.public_send(name) : nil
      def notify = @listeners.each(&:call)
    end
  end
end

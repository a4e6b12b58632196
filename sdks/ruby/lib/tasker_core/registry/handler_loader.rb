# frozen_string_literal: true

require 'tasker_core/errors'

module TaskerCore
  module Registry
    # Loads files with handlers, with errors a person can act on.
    class HandlerLoader
      DIRECTORIES = %w[app/handlers lib/handlers handlers app/tasker/handlers lib/tasker/handlers].freeze

      def initialize(registry)
        @registry = registry
      end

      # +RUBY_HANDLER_PATH+ first, then what the templates name and is not loaded yet.
      def bootstrap
        path = ENV.fetch('RUBY_HANDLER_PATH', nil)
        load_path(path, 'RUBY_HANDLER_PATH') unless path.to_s.empty?
        @registry.register_loaded_classes
        TemplateDiscovery::HandlerDiscovery.discover_all_handlers.each { |callable| find(callable) }
      end

      # A file, or a directory with everything below it. Raises ConfigurationError.
      def load_path(path, told = nil)
        files = files_of(path)
        if files.empty?
          what = [told, "there is no Ruby file at #{path}"].compact.join(': ')
          raise Errors::ConfigurationError, "#{what}: name a file or a directory with handlers"
        end

        files.each { |file| load_file(file) }
        @registry.register_loaded_classes
      end

      private

      def files_of(path)
        path = File.expand_path(path.to_s)
        return Dir.glob(File.join(path, '**', '*.rb')) if File.directory?(path)

        [path, "#{path}.rb"].select { |file| File.file?(file) }.first(1)
      end

      def load_file(file)
        require file
      rescue SystemExit => e
        raise Errors::ConfigurationError, "#{file} cannot be loaded: it calls exit(#{e.status})"
      rescue LoadError, StandardError, SyntaxError, NotImplementedError => e
        place = e.backtrace_locations&.find { |location| !location.path.to_s.start_with?('<internal', __dir__) }
        shown = place && !e.is_a?(SyntaxError) ? " (#{place.path}, line #{place.lineno})" : ''
        raise Errors::ConfigurationError, "#{file} cannot be loaded: #{e.class}: #{first_line(e)}#{shown}"
      end

      def first_line(error) = error.message.to_s.lines.first.to_s.strip

      def find(callable)
        return if @registry.handler_available?(callable)

        klass = class_ending(callable)
        if klass.nil?
          file = file_for(callable)
          return TaskerCore::Logger.instance.warn("no handler #{callable}: no class, no file") if file.nil?

          load_file(file)
          @registry.register_loaded_classes
          klass = class_ending(callable)
        end
        @registry.register_handler(callable, klass) if klass && !@registry.handler_available?(callable)
      end

      # +Charge+ also finds <tt>Payments::Charge</tt>.
      def class_ending(callable)
        path = Naming.constant_path(callable)
        StepHandler::Base.all_classes.find do |klass|
          name = klass.name.to_s
          name == path || name.end_with?("::#{path}") || klass.handler_name == callable
        end
      end

      def file_for(callable)
        underscored = Naming.underscore(Naming.constant_path(callable))
        names = [underscored, underscored.split('/').last].uniq
        DIRECTORIES.product(names).map { |directory, name| File.expand_path(File.join(directory, "#{name}.rb")) }
                   .find { |file| File.file?(file) }
      end
    end
  end
end

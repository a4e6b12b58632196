# frozen_string_literal: true

require 'yaml'
require 'tasker_core/types/definitions'

module TaskerCore
  # Task templates on disk: where they are, and which handlers and namespaces they name.
  module TemplateDiscovery
    ROOT_MARKERS = %w[Gemfile .git package.json pyproject.toml Cargo.toml].freeze

    # Finds template files.
    module TemplatePath
      module_function

      # The first directory that exists of: +TASKER_TEMPLATE_PATH+, the fixtures of tests, +config/tasks+ of
      # +WORKSPACE_PATH+, of the project and of the current directory.
      def find_template_config_directory
        candidates = named_places
        candidates << 'spec/fixtures/templates' if test?
        workspace = ENV.fetch('WORKSPACE_PATH', nil)
        candidates << File.join(workspace, 'config/tasks') unless workspace.to_s.empty?
        root = project_root
        candidates << File.join(root, 'config/tasks') if root
        candidates << 'config/tasks'
        candidates.find { |path| File.directory?(path) }
      end

      # Template files of a directory with its subdirectories; without one, of every place that is configured.
      # +TASKER_TEMPLATE_PATH+ may hold several directories, files or patterns, separated by colons.
      def discover_template_files(directory = nil)
        return files_of(directory) if directory
        return named_places.flat_map { |place| places(place) }.flat_map { |place| files_of(place) }.uniq if named?

        found = find_template_config_directory
        found ? files_of(found) : []
      end

      def named? = !named_places.empty?
      def named_places = ENV.fetch('TASKER_TEMPLATE_PATH', '').split(':').reject(&:empty?)
      def places(place) = File.exist?(place) ? [place] : Dir.glob(place)

      def files_of(place)
        return [place.to_s] if File.file?(place)

        Dir.glob(File.join(place, '**', '*.{yaml,yml}')).select { |file| File.file?(file) }.sort
      end

      def test? = [ENV.fetch('TASKER_ENV', nil), ENV.fetch('RAILS_ENV', nil)].include?('test')

      def project_root
        folder = Dir.pwd
        loop do
          return folder if ROOT_MARKERS.any? { |marker| File.exist?(File.join(folder, marker)) }

          parent = File.dirname(folder)
          return nil if parent == folder

          folder = parent
        end
      end
    end

    # Reads what a worker needs from a template; both spellings of the keys are understood.
    module TemplateParser
      module_function

      # The callables of a file's steps, each once; an unreadable file gives none and a log line.
      def extract_handler_callables(file) = parse(file)&.handlers || []

      # The template as an object, nil when it cannot be read.
      def parse(file)
        data = read(file)
        return nil unless data.is_a?(Hash) && data['name'].is_a?(String)

        steps = data['steps'] || data['step_templates']
        steps = steps.is_a?(Array) ? steps.filter_map { |step| step_of(step) } : []
        Types::TaskTemplate.new(
          name: data['name'], namespace: (data['namespace_name'] || data['namespace'] || 'default').to_s,
          version: (data['version'] || '1.0.0').to_s, description: data['description']&.to_s, steps:,
          file_path: file.to_s
        )
      end

      # <tt>{name:, namespace:, version:, description:, file_path:, handlers:}</tt>, nil for an unreadable file.
      def extract_template_metadata(file)
        template = parse(file)
        template&.then do |found|
          { name: found.name, namespace: found.namespace, version: found.version, description: found.description,
            file_path: found.file_path, handlers: found.handlers }
        end
      end

      def step_of(step)
        return nil unless step.is_a?(Hash)

        handler = step['handler'] || step['task_handler']
        handler = { 'callable' => handler } if handler.is_a?(String)
        definition = Types::HandlerDefinition.from_hash(handler) if handler.is_a?(Hash) && handler['callable']
        Types::StepDefinition.new(name: step['name'].to_s, description: step['description']&.to_s, handler: definition,
                                  dependencies: dependencies_of(step), retry: hash_of(step['retry']),
                                  publishes_events: step['publishes_events'] || [])
      end

      def dependencies_of(step)
        Array(step['dependencies'] || step['depends_on'] || step['depends_on_step_name']).map(&:to_s)
      end

      def hash_of(value) = value.is_a?(Hash) ? value : {}

      def read(file)
        YAML.safe_load(File.read(file, encoding: 'UTF-8'), permitted_classes: [Date, Time, Symbol], aliases: true)
      rescue SystemCallError, Psych::Exception, ArgumentError => e
        TaskerCore::Logger.instance.warn("template #{file} is skipped: #{e.message.split.join(' ')}")
        nil
      end
    end

    # What all templates of a directory name.
    module HandlerDiscovery
      module_function

      def discover_all_handlers(directory = nil) = templates(directory).flat_map(&:handlers).uniq

      def discover_template_metadata(directory = nil)
        TemplatePath.discover_template_files(directory).filter_map do |file|
          TemplateParser.extract_template_metadata(file)
        end
      end

      # Callables by namespace.
      def discover_handlers_by_namespace(directory = nil)
        templates(directory).group_by(&:namespace).transform_values { |found| found.flat_map(&:handlers).uniq }
      end

      def templates(directory = nil)
        TemplatePath.discover_template_files(directory).filter_map { |file| TemplateParser.parse(file) }
      end
    end
  end
end

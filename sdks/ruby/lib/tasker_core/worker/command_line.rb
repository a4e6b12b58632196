# frozen_string_literal: true

require 'optparse'
require 'tasker_core'

module TaskerCore
  module Worker
    # <tt>tasker-worker -r PATH</tt>
    class CommandLine
      EXIT_USAGE = 2
      EPILOGUE = <<~TEXT

        example:
          tasker-worker -r app/handlers --namespace ecommerce --slots 10

        Settings that have no flag come from the environment: TASKER_QUEUE_PREFIX, TASKER_QUEUE_TYPE,
        TASKER_GRACE_SECONDS. SIGTERM or Ctrl-C lets running steps finish; a second one exits at once. SIGUSR1 logs a
        line about the state.
      TEXT

      # Run a worker until it is told to stop; returns the exit code.
      def self.run(arguments) = new(arguments).run

      def initialize(arguments)
        @arguments = arguments
        @flags = { namespaces: [], queues: [] }
        @paths = []
        @transport = 'amqp'
      end

      def run
        parse
        streams = [StdioWorker.claim_stdin, StdioWorker.claim_stdout] if @transport == 'stdio'
        settings = Settings.read(**@flags, template_namespaces: Bootstrap.template_namespaces)
        TaskerCore::Logger.instance.level = settings.log_level
        registry = load_handlers
        return StdioWorker.new(settings, registry, *streams).run if streams

        Bootstrap.new(settings, registry).run
      rescue Errors::ConfigurationError => e
        e.message.each_line { |line| warn("error: #{line.chomp}") }
        EXIT_USAGE
      rescue OptionParser::ParseError => e
        warn("error: #{e.message}; see --help")
        EXIT_USAGE
      end

      private

      def parse
        rest = parser.parse(@arguments)
        @paths.concat(rest)
      end

      def parser
        OptionParser.new do |o|
          o.banner = "Run the step handlers of Ruby files.\n\nusage: tasker-worker -r FILE_OR_DIRECTORY [options]\n"
          o.on('-r', '--require PATH', 'file or directory with handlers; may be repeated') { |v| @paths << v }
          o.on('--namespace NAMES', 'namespace to serve (comma list)') { |v| @flags[:namespaces] << v }
          o.on('--queue NAMES', 'queue of this fleet (default: the namespace)') { |v| @flags[:queues] << v }
          o.on('--slots N', 'steps run at the same time (default: 10)') { |v| @flags[:slots] = v }
          o.on('--concurrency N', 'the same as --slots') { |v| @flags[:slots] = v }
          o.on('--amqp URL', 'broker (default: TASKER_AMQP_URL or localhost)') { |v| @flags[:amqp_url] = v }
          o.on('--transport NAME', %w[amqp stdio], 'amqp, or stdio: one JSON line per step') { |v| @transport = v }
          o.on('--worker-id ID', "beginning of the worker's id") { |v| @flags[:worker_id] = v }
          o.on('--any-handler', 'take steps of any callable: resolvers load what is not listed') do
            @flags[:any_handler] = true
          end
          o.on('--log-level LEVEL', 'trace, debug, info, warn or error') { |v| @flags[:log_level] = v }
          o.on('--version', 'show the version') do
            puts("tasker_core #{VERSION}")
            exit
          end
          o.on('-h', '--help', 'show this text') do
            puts(o.help + EPILOGUE)
            exit
          end
        end
      end

      def load_handlers
        registry = Registry::HandlerRegistry.instance
        loader = Registry::HandlerLoader.new(registry)
        @paths.each { |path| loader.load_path(path) }
        loader.bootstrap if Bootstrap.handlers_configured?
        if registry.registered_handlers.empty? && !@flags[:any_handler]
          raise Errors::ConfigurationError,
                "no handlers#{" in #{@paths.join(', ')}" if @paths.any?}: name a file or directory with classes that " \
                'derive from TaskerCore::StepHandler::Base, for example `tasker-worker -r app/handlers`, or set ' \
                'RUBY_HANDLER_PATH'
        end
        registry
      end
    end
  end
end

# frozen_string_literal: true

require 'tasker_core/worker/amqp_worker'
require 'tasker_core/worker/settings'

module TaskerCore
  module Worker
    # The worker of this process.
    class Bootstrap
      # Longest that +at_exit+ waits for a worker that was not shut down, beyond its grace period, in seconds.
      EXTRA_SECONDS = 20

      class << self
        attr_reader :instance

        # Load handlers and connect in the background; settings come from the environment. A second call gives the
        # running worker. Raises ConfigurationError.
        def start!
          return instance if instance&.running?

          settings = Settings.read(template_namespaces:)
          registry = Registry::HandlerRegistry.instance
          TestEnvironment.load! if TestEnvironment.wanted?
          registry.bootstrap_handlers!
          @instance = new(settings, registry)
          @instance.start
          @instance
        end

        # Only templates that were named count: those of a directory that happens to be near are somebody else's.
        def template_namespaces
          return [] if ENV['TASKER_TEMPLATE_PATH'].to_s.empty?

          TemplateDiscovery::HandlerDiscovery.discover_handlers_by_namespace.keys
        end

        def handlers_configured?
          %w[RUBY_HANDLER_PATH TASKER_TEMPLATE_PATH].any? { |name| !ENV[name].to_s.empty? }
        end

        def use(bootstrap)
          @instance = bootstrap
        end
      end

      attr_reader :worker

      def initialize(settings, registry)
        @settings = settings
        @registry = registry
        @worker = AmqpWorker.new(settings, registry)
        @callbacks = []
        @process = Process.pid
      end

      # Connect and return; SIGTERM and SIGINT stop the worker, and so does the end of the process.
      def start
        install_signals
        at_exit { shutdown!('at_exit') if Process.pid == @process && running? }
        worker.start
        self
      end

      # The same, and wait until it was told to stop; gives the exit code.
      def run
        self.class.use(self)
        TaskerCore::Logger.instance.info(
          "worker #{worker.worker_id}: #{@registry.registered_handlers.size} handlers, broker #{@settings.shown_url}"
        )
        install_signals
        worker.start
        code = worker.wait
        run_callbacks
        warn("error: #{worker.refusal}") if worker.refusal
        # Handlers that outlast the grace period must not keep the process, nor be told to clean up.
        exit!(code) if worker.handlers_left_running?
        code
      end

      def running? = Process.pid == @process && !worker.ended?

      def status
        { running: running?, worker_id: worker.worker_id, connected: worker.connected?, ready: worker.ready?,
          draining: worker.machine.draining?, namespaces: @settings.namespaces, queues: @settings.queues,
          handlers: @registry.registered_handlers }
      end

      def health_check
        { healthy: running? && worker.connected?, status: worker.connected? ? 'healthy' : 'unhealthy',
          slots: @settings.slots, slots_used: worker.machine.slots_used,
          processed_total: worker.machine.processed_total, failed_total: worker.machine.failed_total }
      end

      # Call the block once the worker has left.
      def on_shutdown(&block) = @callbacks << block

      # Until the orchestrator's queue has the first hello; false when +timeout+ seconds pass before.
      def wait_until_ready(timeout = 30)
        deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + timeout
        until worker.ready?
          return false if worker.ended? || Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline

          sleep(0.02)
        end
        true
      end

      # Let running steps finish within the grace period, then leave; gives the exit code.
      def shutdown!(reason = 'shutdown')
        worker.drain(reason)
        code = worker.wait(@settings.grace_seconds + EXTRA_SECONDS)
        run_callbacks
        code
      end

      private

      # Nothing that takes a lock may happen inside a trap, so a thread reads the signals from a pipe.
      def install_signals
        reader, writer = IO.pipe
        stopping = false
        %w[TERM INT].each do |name|
          trap(name) do
            exit!(128 + Signal.list.fetch(name)) if stopping || Process.pid != @process
            stopping = true
            writer.write_nonblock("#{name}\n", exception: false)
          end
        end
        trap('USR1') { writer.write_nonblock("USR1\n", exception: false) }
        Thread.new { reader.each_line { |line| signalled(line.chomp) } }.name = 'tasker-signals'
      end

      def signalled(name)
        name == 'USR1' ? worker.log_status : worker.drain("SIG#{name}")
      end

      def run_callbacks
        callbacks, @callbacks = @callbacks, []
        callbacks.each(&:call)
      end
    end
  end
end

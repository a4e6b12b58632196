# frozen_string_literal: true

require 'securerandom'
require 'tasker_core/version'
require 'tasker_core/wire/outgoing'
require 'tasker_core/worker/amqp/consumer'
require 'tasker_core/worker/amqp/publisher'
require 'tasker_core/worker/announcer'
require 'tasker_core/worker/delivery_machine'
require 'tasker_core/worker/mailbox'
require 'tasker_core/worker/slot_threads'
require 'tasker_core/worker/step_runner'

module TaskerCore
  module Worker
    # The worker on RabbitMQ. One thread owns the delivery machine; connections, Bunny's readers and slots post calls to
    # it.
    #
    # +start+ returns at once, +drain+ begins the stop, +wait+ gives the exit code: 0 = all answers confirmed, 1 = some
    # could not be sent (they are printed), 2 = the broker refuses us.
    class AmqpWorker
      CLOSE_PATIENCE = 5.0
      EXIT_OK = 0
      EXIT_UNSENT = 1
      EXIT_REFUSED = 2
      SDK = "tasker-ruby/#{VERSION}".freeze

      # Random per process start; a given id becomes its prefix.
      def self.new_id(prefix) = prefix ? "#{prefix}-#{SecureRandom.hex(6)}" : SecureRandom.uuid

      attr_reader :settings, :worker_id, :machine, :refusal

      def initialize(settings, registry)
        @settings = settings
        @worker_id = self.class.new_id(settings.worker_id)
        @registry = registry
        @writer = Wire::MessageWriter.new(
          Wire::WorkerIdentity.new(id: worker_id, sdk: SDK, hostname: settings.hostname)
        )
        @inbox = Mailbox.new
        @reason = 'shutdown'
        @trouble = ['', 0.0]
        @end_mutex = Mutex.new
        @end_condition = ConditionVariable.new
        build
      end

      # -- From other threads

      # Connect in the background; +ready?+ when the first hello is confirmed.
      def start
        settings.address.warnings.each { |text| logger.warn(text) }
        @registry.on_change { post { @announcer.changed(now) } }
        DomainEvents::SubscriberRegistry.instance.start_all!
        @thread = Thread.new { serve }
        @thread.name = 'tasker-core'
        @consumer.start
        @publisher.start
      end

      # Stop taking steps, answer those not started, give running handlers the grace period, leave.
      def drain(reason)
        post { begin_drain(reason) }
      end

      # The exit code once the worker has left, nil when +timeout+ seconds pass before.
      def wait(timeout = nil)
        @end_mutex.synchronize do
          deadline = timeout && (now + timeout)
          until @ended_with
            left = deadline && (deadline - now)
            break if left && left <= 0

            @end_condition.wait(@end_mutex, left)
          end
        end
        @ended_with
      end

      def ended? = !@ended_with.nil?
      def ready? = @ready || false
      def connected? = @publisher_up && @consumer_up ? true : false

      # Whether handlers outlasted the grace period and still hold their threads.
      def handlers_left_running? = machine.interrupted?

      # Run the block on the worker's thread soon.
      def post(&block) = @inbox << block

      # One line about what the worker is doing.
      def log_status
        post do
          state = machine.draining? ? 'draining' : (machine.consuming? ? 'consuming' : 'not consuming')
          logger.info("status: #{state}, #{machine.slots_used} of #{settings.slots} slots busy, " \
                      "#{machine.processed_total} steps processed, #{machine.failed_total} failed")
        end
      end

      # Both connections meet the same trouble; one line a second is enough.
      def trouble(text)
        post do
          head = text.split(';').first
          logger.warn(text) if head != @trouble.first || now - @trouble.last > 1.0
          @trouble = [head, now]
        end
      end

      # The broker will not have us. Once it has worked it may be restarting, or a person is at work: keep trying then.
      def refused(refusal)
        post do
          if ready?
            trouble(refusal.message)
          elsif @refusal.nil?
            @refusal = refusal.message
            finish(EXIT_REFUSED)
          end
        end
      end

      # -- Consumer events, on the worker's thread

      def consumer_up(epoch)
        @consumer_up = true
        machine.consumer_up(epoch, now)
        announce unless machine.consuming?
      end

      def consumer_down
        @consumer_up = false
        machine.consumer_down(now)
      end

      def consuming = announce
      def consumers_cancelled = machine.consumers_cancelled
      def delivered(delivery) = machine.delivered(delivery, now)

      # A cancel notice or a page of dependency results; anything else is of a later version and ignored.
      def control(body)
        message = Wire::Codec.decode(body)
        return unless message.is_a?(Hash) && message['dispatch_id'].is_a?(String)

        case message['kind']
        when 'step.cancel' then machine.cancel(message['dispatch_id'], now)
        when 'step.dependencies' then machine.dependencies(message, now)
        end
      rescue Wire::NotJson
        nil
      end

      # -- Publisher events, on the worker's thread

      def publisher_up
        @publisher_up = true
        machine.publisher_up(now)
        announce
      end

      def publisher_down
        @publisher_up = false
        machine.publisher_down(now)
        @announcer.disconnected
      end

      def publisher_blocked
        trouble('RabbitMQ refuses messages for now (memory or disk alarm); results wait')
        machine.blocked(now)
      end

      def publisher_unblocked
        logger.info('RabbitMQ takes messages again')
        machine.unblocked(now)
      end

      def confirmed(publication)
        publication.purpose == :worker ? @announcer.confirmed(publication, now) : machine.confirmed(publication, now)
      end

      def returned(publication)
        return @announcer.failed(publication, now, returned: true) if publication.purpose == :worker

        if publication.purpose == :answer
          trouble("queue #{publication.routing_key} does not exist; a result waits for it")
        end
        machine.returned(publication, now)
      end

      def nacked(publication)
        return @announcer.failed(publication, now, returned: false) if publication.purpose == :worker

        machine.nacked(publication, now)
      end

      # -- What the machine asks for

      def publish(publication) = @publisher.publish(publication)
      def ack(delivery) = @consumer.ack(delivery)
      def start_job(job) = @slots.start(job)
      def start_consuming = @consumer.start_consuming
      def stop_consuming = @consumer.stop_consuming

      def knows_handler?(message)
        @registry.knows?(Types::HandlerDefinition.new(callable: message.callable, handler_method: message.method_name,
                                                      resolver: message.resolver)) != false
      end

      def abandoned(message, why)
        logger.warn("step #{message.step_name} attempt #{message.attempt}/#{message.max_attempts} abandoned in 0 ms " \
                    "task=#{message.task_uuid} #{why}")
      end

      def answer_confirmed(job)
        (job.answer&.fast_events || []).each { |event| InProcessDomainEventPoller.instance.push(event) }
      end

      def drained = @announcer.bye(@reason, now) { finish(EXIT_OK) }

      def gave_up(unsent)
        logger.error("the broker took no answers until the end of the grace period; #{unsent.size} unsent:")
        unsent.each { |publication| warn(publication.body) }
        finish(unsent.empty? ? EXIT_OK : EXIT_UNSENT)
      end

      private

      def build
        topology = settings.topology
        build_slots
        @machine = DeliveryMachine.new(self, @writer, slots: settings.slots, queues: settings.queues.size,
                                                      dead_exchange: topology.dead, wall: -> { Time.now.to_f },
                                                      reply_queue: -> { @consumer.control_queue if @consumer_up })
        @announcer = Announcer.new(@writer, workers_queue: topology.workers, publish: method(:publish),
                                            members: method(:members), activity: method(:activity),
                                            wall: -> { Time.now.to_f }, on_ready: method(:became_ready))
        @publisher = Amqp::Publisher.new(self, settings.address, "#{SDK} #{worker_id} publisher", 'tasker-ruby')
        @consumer = Amqp::Consumer.new(self, settings.address, "#{SDK} #{worker_id} consumer", topology,
                                       settings.queues, settings.slots)
      end

      def build_slots
        @slots = SlotThreads.new(settings.slots, StepRunner.new(@registry, @writer)) do |job, answer|
          post { machine.finished(job, answer, now) }
        end
      end

      def serve
        until @stopped
          work = @inbox.pop([wake_at - now, 0].max.clamp(0, 60))
          work&.call
          tick if wake_at <= now
        end
      rescue Exception => e # rubocop:disable Lint/RescueException
        logger.error("the worker's thread ended unexpectedly; this is a defect of the SDK: #{e.full_message}")
        @exit_code = EXIT_UNSENT
      ensure
        # What was confirmed is still told to this process's subscribers.
        InProcessDomainEventPoller.instance.stop!
        DomainEvents::SubscriberRegistry.instance.stop_all!
        @end_mutex.synchronize do
          @ended_with = @exit_code || EXIT_UNSENT
          @end_condition.broadcast
        end
      end

      def wake_at
        [machine.wake_at, @announcer.wake_at, @consumer.wake_at, @close_at || Float::INFINITY].min
      end

      def tick
        moment = now
        machine.tick(moment)
        @announcer.tick(moment)
        @consumer.tick(moment)
        @stopped = true if @close_at && @close_at <= moment
      end

      def announce
        @announcer.connected(now) if @publisher_up && @consumer_up
      end

      def members
        { 'queues' => settings.queues, 'namespaces' => settings.namespaces,
          'handlers' => @registry.callable_names.map { |name, version| { 'callable' => name, 'version' => version } },
          'any_handler' => settings.any_handler, 'slots' => settings.slots }
      end

      def activity
        { 'running' => machine.running, 'processed_total' => machine.processed_total,
          'failed_total' => machine.failed_total, 'status' => machine.draining? ? 'draining' : 'active' }
      end

      def became_ready
        if ready?
          logger.info('connected to RabbitMQ again') if @announced_epochs != epochs
        else
          @ready = true
          queues = settings.queues.map { |queue| settings.topology.steps(queue) }.join(', ')
          logger.info("ready: worker #{worker_id} consumes #{queues} with #{settings.slots} slots")
        end
        @announced_epochs = epochs
      end

      # A hello is also said when handlers change; only a new connection is worth a line.
      def epochs = [@publisher.live_epoch, @consumer.live_epoch]

      def begin_drain(reason)
        return if machine.draining?

        @reason = reason
        logger.info("stopping (#{reason}): #{machine.slots_used} steps run")
        machine.drain(now, settings.grace_seconds)
      end

      def finish(code)
        return if @exit_code

        @exit_code = code
        @slots.close
        @close_at = now + CLOSE_PATIENCE
        open = 2
        closed = proc { post { @stopped = true if (open -= 1).zero? } }
        @consumer.close(&closed)
        @publisher.close(&closed)
      end

      def logger = TaskerCore::Logger.instance
      def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end

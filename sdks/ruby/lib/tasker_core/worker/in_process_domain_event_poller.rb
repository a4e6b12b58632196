# frozen_string_literal: true

require 'tasker_core/values'

module TaskerCore
  module Worker
    # Hands domain events to the subscribers of this process, on a thread of its own.
    class InProcessDomainEventPoller
      Subscription = Struct.new(:pattern, :block)

      def self.instance = @instance ||= new

      # Whether an event's name fits: an exact name, <tt>payment.*</tt>, or <tt>*</tt>.
      def self.match?(pattern, name)
        pattern == '*' || pattern == name || (pattern.end_with?('.*') && name.start_with?(pattern.delete_suffix('*')))
      end

      def initialize
        @mutex = Mutex.new
        @subscriptions = []
        @queue = Queue.new
        @received = @delivered = @failed = 0
      end

      # Gives what +unsubscribe+ takes.
      def subscribe(pattern = '*', &block)
        raise ArgumentError, 'block required' if block.nil?

        Subscription.new(pattern, block).tap { |subscription| @mutex.synchronize { @subscriptions << subscription } }
      end

      # A subscription, or a pattern with all of its subscriptions.
      def unsubscribe(subscription)
        @mutex.synchronize do
          @subscriptions.reject! { |known| known.equal?(subscription) || known.pattern == subscription }
        end
      end

      # An event for the subscribers; kept until +start!+.
      def push(event)
        @queue << Values.wrap(event)
        nil
      end

      def start!
        @mutex.synchronize do
          next if @thread&.alive?

          @thread = Thread.new { serve }
          @thread.name = 'tasker-events'
        end
      end

      # Deliver what was pushed and stop. Waits at most +timeout+ seconds.
      def stop!(timeout = 5)
        thread = @mutex.synchronize { @thread }
        return if thread.nil?

        @queue << nil
        thread.join(timeout)
        @mutex.synchronize { @thread = nil }
      end

      def running? = @thread&.alive? || false

      def stats
        { running: running?, subscriptions: @subscriptions.size, received: @received, delivered: @delivered,
          failed: @failed, waiting: @queue.size }
      end

      private

      def serve
        while (event = @queue.pop)
          @received += 1
          matching(event['event_name'].to_s).each { |subscription| deliver(subscription, event) }
        end
      end

      def matching(name)
        @mutex.synchronize { @subscriptions.select { |subscription| self.class.match?(subscription.pattern, name) } }
      end

      def deliver(subscription, event)
        subscription.block.call(event)
        @delivered += 1
      rescue StandardError => e
        @failed += 1
        TaskerCore::Logger.instance.error("a subscriber of #{subscription.pattern} failed: #{e.class}: #{e.message}")
      end
    end
  end
end

# frozen_string_literal: true

require 'tasker_core/domain_events/base_subscriber'

module TaskerCore
  module DomainEvents
    # The subscribers of this process.
    class SubscriberRegistry
      def self.instance = @instance ||= new

      def initialize
        @mutex = Monitor.new
        @classes = []
        @instances = []
        @started = false
      end

      # Raises ArgumentError unless it is a subclass of BaseSubscriber. Started at once when the others are.
      def register(subscriber_class)
        unless subscriber_class.is_a?(Class) && subscriber_class < BaseSubscriber
          raise ArgumentError, "#{subscriber_class.inspect} is no subclass of TaskerCore::DomainEvents::BaseSubscriber"
        end

        @mutex.synchronize do
          return if @classes.include?(subscriber_class)

          @classes << subscriber_class
        end
        register_instance(subscriber_class.new)
      end

      def register_instance(subscriber)
        @mutex.synchronize { @instances << subscriber }
        subscriber.start! if started?
        subscriber
      end

      def start_all!
        @mutex.synchronize { @started = true }
        @instances.each(&:start!)
        Worker::InProcessDomainEventPoller.instance.start!
      end

      def stop_all!
        @mutex.synchronize { @started = false }
        @instances.each(&:stop!)
      end

      def started? = @started
      def count = @instances.size

      def stats
        { started: started?, subscriber_count: count, active_count: @instances.count(&:active?),
          subscribers: @instances.map { |one| { class: one.class.name, patterns: one.class.patterns } } }
      end

      # Stop and forget all (for tests).
      def reset!
        stop_all!
        @mutex.synchronize do
          @classes.clear
          @instances.clear
        end
      end
    end
  end
end

# frozen_string_literal: true

module TaskerCore
  module DomainEvents
    # Handles domain events in this process. Override +handle+.
    class BaseSubscriber
      class << self
        # Exact names, <tt>payment.*</tt> or <tt>*</tt>.
        def subscribes_to(*patterns)
          @patterns = patterns.flatten
        end

        def patterns
          @patterns || (superclass.respond_to?(:patterns) ? superclass.patterns : ['*'])
        end
      end

      # +event+ is a hash; keys may be strings or symbols.
      def handle(_event)
        raise NotImplementedError, "#{self.class.name} has no method handle(event)"
      end

      # False: +handle+ is not called.
      def before_handle(_event) = true

      def after_handle(_event); end

      def on_handle_error(event, error)
        TaskerCore::Logger.instance.error("#{self.class.name} failed on #{event['event_name']}: #{error.message}")
      end

      # With the hooks; whether +handle+ ran without an exception.
      def handle_event_safely(event)
        event = Values.wrap(event)
        return false if before_handle(event) == false

        handle(event)
        after_handle(event)
        true
      rescue StandardError => e
        on_handle_error(event, e)
        false
      end

      def start!(poller = Worker::InProcessDomainEventPoller.instance)
        return if active?

        @poller = poller
        @subscriptions = self.class.patterns.map do |pattern|
          poller.subscribe(pattern) { |event| handle_event_safely(event) }
        end
      end

      def stop!
        (@subscriptions || []).each { |subscription| @poller.unsubscribe(subscription) }
        @subscriptions = nil
      end

      def active? = !@subscriptions.nil?
    end
  end
end

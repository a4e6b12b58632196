# frozen_string_literal: true

module TaskerCore
  # Events about what a step's work means to the business.
  module DomainEvents
    # Shapes the event that a step declares. Override +name+ and the hooks you need.
    class BasePublisher
      # What the template's +publisher+ says.
      def name
        raise NotImplementedError, "#{self.class.name} has no method name"
      end

      # The event's payload; by default what the handler returned.
      def transform_payload(step_result, _event_declaration, _step_context = nil) = step_result[:result]

      # False: this event is not published.
      def should_publish?(_step_result, _event_declaration, _step_context = nil) = true

      # Merged into the event's metadata.
      def additional_metadata(_step_result, _event_declaration, _step_context = nil) = {}

      # False: this event is not published.
      def before_publish(_event_name, _payload, _metadata) = true

      def after_publish(_event_name, _payload, _metadata); end

      def on_publish_error(event_name, error, _payload)
        TaskerCore::Logger.instance.error("event #{event_name} could not be published: #{error.message}")
      end

      # Run the hooks for <tt>{event_name:, step_result: {success:, result:, metadata:}, event_declaration:,
      # step_context:}</tt>. True when the event goes out.
      def publish(context)
        payload = nil
        arguments = [context[:step_result], context[:event_declaration] || {}, context[:step_context]]
        return false unless hook(:should_publish?, arguments)

        payload = hook(:transform_payload, arguments)
        metadata = hook(:additional_metadata, arguments) || {}
        return false if before_publish(context[:event_name], payload, metadata) == false

        deliver(context, payload, metadata)
        after_publish(context[:event_name], payload, metadata)
        true
      rescue StandardError => e
        on_publish_error(context[:event_name], e, payload)
        false
      end

      private

      # Overrides with two parameters do not know the step's context.
      def hook(name, arguments)
        parameters = method(name).parameters
        kinds = parameters.map(&:first)
        taken = kinds.include?(:rest) ? arguments.size : kinds.count { |kind| %i[req opt].include?(kind) }
        public_send(name, *arguments.first(taken))
      end

      # Into the result message when a worker runs the step, else to the subscribers of this process.
      def deliver(context, payload, metadata)
        collector = context[:collector]
        if collector
          collector.payload = payload
          collector.metadata = metadata
          collector.published = true
        else
          Worker::InProcessDomainEventPoller.instance.push(
            'event_name' => context[:event_name], 'event_version' => '1.0', 'payload' => payload,
            'metadata' => metadata
          )
        end
      end
    end
  end
end

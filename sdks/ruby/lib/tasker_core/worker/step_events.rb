# frozen_string_literal: true

require 'securerandom'
require 'tasker_core/domain_events'

module TaskerCore
  module Worker
    # The domain events of one step: entries of the result message, and what subscribers of this process get.
    class StepEvents
      # Members of the result message's +events+, and whole events for fast delivery.
      Collected = Struct.new(:sent, :fast)

      # Hands the prepared event over instead of sending it.
      Collector = Struct.new(:payload, :metadata, :published)

      def initialize(message)
        @message = message
      end

      # A publisher that fails is logged and changes nothing. +elapsed+ is in milliseconds.
      def collect(success:, result:, metadata:, elapsed:, failure: nil)
        collected = Collected.new([], [])
        declarations.each do |declaration|
          next unless may_hold?(declaration, success)

          prepared = prepare(declaration, success, result, metadata)
          collected.sent << entry(declaration, prepared) if prepared
          next if prepared && !prepared.published
          next unless fast?(declaration) && holds?(declaration, success, failure)

          payload = prepared ? prepared.payload : (success ? result : nil)
          collected.fast << event(declaration, payload, prepared&.metadata, success, result, failure, elapsed)
        end
        collected
      end

      private

      def declarations
        list = @message.step_definition['publishes_events']
        list.is_a?(Array) ? list.select { |entry| entry.is_a?(Hash) && entry['name'].is_a?(String) } : []
      end

      def condition(declaration) = declaration['condition'] || 'success'
      def fast?(declaration) = %w[fast broadcast].include?(declaration['delivery_mode'])

      # As far as a worker can tell before the orchestrator has judged the failure.
      def may_hold?(declaration, success)
        success ? %w[success always].include?(condition(declaration)) : condition(declaration) != 'success'
      end

      def holds?(declaration, success, failure)
        again = !success && failure.retryable && @message.retryable? && @message.attempts_left?
        case condition(declaration)
        when 'retryable_failure' then again
        when 'permanent_failure' then !success && !again
        else true
        end
      end

      def prepare(declaration, success, result, metadata)
        publisher = publisher_of(declaration)
        return nil if publisher.nil?

        collector = Collector.new(nil, {}, false)
        publisher.publish(
          event_name: declaration['name'], event_declaration: declaration, collector:,
          step_result: { success:, result: Values.wrap(result), metadata: },
          step_context:
        )
        collector
      rescue StandardError, ScriptError, SystemExit, SystemStackError => e
        TaskerCore::Logger.instance.warn("publisher of #{declaration['name']} failed: #{e.class}: #{e.message}")
        nil
      end

      def publisher_of(declaration)
        name = declaration['publisher']
        return nil if name.to_s.empty?

        DomainEvents::PublisherRegistry.instance.get(name).tap do |found|
          TaskerCore::Logger.instance.warn("there is no publisher #{name} for #{declaration['name']}") if found.nil?
        end
      end

      def step_context = @step_context ||= ContextBuilder.build(@message)

      def entry(declaration, prepared)
        return { 'name' => declaration['name'], 'suppress' => true } unless prepared.published

        { 'name' => declaration['name'], 'payload' => prepared.payload, 'metadata' => prepared.metadata || {} }
      end

      def event(declaration, payload, extra, success, result, failure, elapsed)
        Values.wrap(
          'event_id' => SecureRandom.uuid, 'event_name' => declaration['name'], 'event_version' => '1.0',
          'payload' => payload,
          'metadata' => {
            'task_uuid' => @message.task_uuid, 'step_uuid' => @message.step_uuid, 'step_name' => @message.step_name,
            'namespace' => @message.task['namespace'], 'correlation_id' => @message.correlation_id,
            'fired_at' => Wire.timestamp(Time.now.to_f), 'fired_by' => @message.callable
          }.merge((extra || {}).to_h.transform_keys(&:to_s)),
          'execution_result' => {
            'success' => success, 'result' => result, 'error_message' => failure&.message,
            'error_type' => failure&.error_type, 'execution_time_ms' => elapsed
          }.compact
        )
      end
    end
  end
end

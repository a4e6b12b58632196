# frozen_string_literal: true

module TaskerCore
  module Worker
    # Tells whoever listens in this process what happens to steps: +step.execution.received+ and +step.completed+.
    class EventBridge
      STEP_EXECUTION_RECEIVED = 'step.execution.received'
      STEP_COMPLETED = 'step.completed'

      def self.instance = @instance ||= new

      def initialize
        @mutex = Mutex.new
        @listeners = Hash.new { |hash, name| hash[name] = [] }
        @active = true
      end

      def active? = @active

      # Call the block with each event of that name.
      def subscribe(name, &block)
        raise ArgumentError, 'block required' if block.nil?

        @mutex.synchronize { @listeners[name.to_s] << block }
        block
      end

      def unsubscribe(block)
        @mutex.synchronize { @listeners.each_value { |blocks| blocks.delete(block) } }
      end

      # A listener that fails is logged and does not keep the others from hearing.
      def publish(name, event)
        return unless active?

        blocks = @mutex.synchronize { @listeners.key?(name.to_s) ? @listeners[name.to_s].dup : [] }
        blocks.each do |block|
          block.call(event)
        rescue StandardError => e
          TaskerCore::Logger.instance.error("a listener of #{name} failed: #{e.class}: #{e.message}")
        end
      end

      def stop!
        @active = false
      end

      # Listen again, to nothing yet (for tests).
      def reset!
        @mutex.synchronize { @listeners.clear }
        @active = true
      end
    end
  end
end

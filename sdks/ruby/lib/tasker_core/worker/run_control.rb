# frozen_string_literal: true

module TaskerCore
  module Worker
    # Thrown into a handler that ran past its time or past the grace period. No StandardError, so that a handler's
    # +rescue+ around its own work does not swallow it.
    class HandlerStopped < Exception; end # rubocop:disable Lint/InheritException

    # Shared between the delivery machine and the slot that runs the handler.
    class RunControl
      attr_reader :reason, :progress
      attr_accessor :started_wall

      def initialize
        @mutex = Mutex.new
        @cancelled = false
        @started_wall = Time.now.to_f
      end

      def cancelled? = @cancelled

      # What the next heartbeat says.
      def report_progress(done, total, message)
        @progress = [done, total, message].freeze
      end

      # Set the cancelled flag; past +timeout+ or +interrupted+ the handler's thread is also stopped.
      def request_stop(reason)
        @mutex.synchronize do
          @reason ||= reason
          @cancelled = true
          @thread&.raise(HandlerStopped, reason) unless reason == 'cancelled'
        end
      end

      # Run the block so that +request_stop+ can end it, and nothing after it in this thread.
      def stoppable(&)
        Thread.handle_interrupt(HandlerStopped => :never) do
          attach(Thread.current)
          Thread.handle_interrupt(HandlerStopped => :immediate, &)
        ensure
          attach(nil)
          swallow_late_stop
        end
      end

      private

      def attach(thread)
        @mutex.synchronize do
          @thread = thread
          # The request came before the handler did.
          thread&.raise(HandlerStopped, reason) if @cancelled && reason != 'cancelled'
        end
      end

      # A stop that crossed with the handler's end must not hit what the thread does next.
      def swallow_late_stop
        return unless Thread.pending_interrupt?

        Thread.handle_interrupt(HandlerStopped => :immediate) { Thread.pass }
      rescue HandlerStopped
        nil
      end
    end
  end
end

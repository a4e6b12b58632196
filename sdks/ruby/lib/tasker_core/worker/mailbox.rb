# frozen_string_literal: true

module TaskerCore
  module Worker
    # A queue whose +pop+ can give up (Ruby's own can from 3.2 on).
    class Mailbox
      def initialize
        @mutex = Mutex.new
        @arrived = ConditionVariable.new
        @items = []
      end

      def push(item)
        @mutex.synchronize do
          @items << item
          @arrived.signal
        end
        nil
      end
      alias << push

      # The next item; nil when +timeout+ seconds pass before one comes. Nil waits for ever.
      def pop(timeout = nil)
        deadline = timeout && (now + timeout)
        @mutex.synchronize do
          while @items.empty?
            left = deadline && (deadline - now)
            return nil if left && left <= 0

            @arrived.wait(@mutex, left)
          end
          @items.shift
        end
      end

      def clear = @mutex.synchronize { @items.clear }
      def size = @mutex.synchronize { @items.size }

      private

      def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end

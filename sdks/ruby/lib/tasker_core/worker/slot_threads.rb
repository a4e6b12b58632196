# frozen_string_literal: true

module TaskerCore
  module Worker
    # Threads that run handlers, one per slot, started with the first jobs. One that a handler ended is replaced.
    class SlotThreads
      # A lower priority shortens the turns of handlers that compute, so that heartbeats need not wait for all of them.
      PRIORITY = -3

      # The block gets <tt>job, answer</tt> on a slot's thread.
      def initialize(slots, runner, &deliver)
        @slots = slots
        @runner = runner
        @deliver = deliver
        @work = Queue.new
        @threads = []
        @mutex = Mutex.new
      end

      # Run the job's handler.
      def start(job)
        @mutex.synchronize do
          @threads.select!(&:alive?)
          @threads << spawn if @threads.size < @slots
        end
        @work << job
      end

      # Let idle threads end.
      def close = @work.close

      private

      def spawn
        number = @threads.size
        Thread.new { serve }.tap do |thread|
          thread.name = "tasker-slot-#{number}"
          thread.priority = PRIORITY
          thread.report_on_exception = false
        end
      end

      def serve
        while (job = @work.pop)
          @runner.execute(job.message, job.control) { |answer| @deliver.call(job, answer) }
        end
      end
    end
  end
end

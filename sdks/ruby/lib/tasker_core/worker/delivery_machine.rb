# frozen_string_literal: true

require 'tasker_core/wire/execute'
require 'tasker_core/wire/names'
require 'tasker_core/wire/outgoing'
require 'tasker_core/worker/job'

module TaskerCore
  module Worker
    # The delivery state machine: every worker obligation of the wire protocol's section 6, without I/O or clocks.
    #
    # Each input is a method; what is to be done goes to +link+, an object that answers
    #
    # * +publish(publication)+: send; the outcome comes back through +confirmed+, +returned+ or +nacked+, or the
    #   publisher is lost
    # * +ack(delivery)+: acknowledge on the connection the delivery came from; the machine checks that it lives
    # * +knows_handler?(message)+: false only when no slot needs to be taken to find that out
    # * +start_job(job)+: run the handler in a free slot; +finished+ follows, never from inside this call
    # * +abandoned(message, why)+: a step is answered without having ended; for the log
    # * +answer_confirmed(job)+: the broker has the step's result
    # * +start_consuming+, +stop_consuming+: of all step queues; +consumers_cancelled+ follows the second
    # * +drained+: nothing is held any more after +drain+
    # * +gave_up(publications)+: grace and the time after it are over; these answers could not be sent
    #
    # All methods are called from one thread, with the monotonic clock as +now+. The machine never blocks and never
    # raises for what the broker or a sender did.
    class DeliveryMachine
      REMEMBERED = 10_000
      CANCEL_MEMORY = 3600.0
      FULL_AFTER = 1.0
      FIRST_HEARTBEAT = 1.0
      PARKED_FOR = 10.0
      RETURNED_PAUSE = 5.0
      NACKED_PAUSE = 0.5
      PUBLISHER_PATIENCE = 5.0
      FETCH_PAUSE = 5.0
      GIVE_UP_AFTER_GRACE = 10.0
      NEVER = Float::INFINITY
      TRACE = %w[traceparent tracestate].freeze
      UNSTARTED = %i[waiting parked fetching].freeze

      attr_reader :jobs, :wake_at, :processed_total, :failed_total

      # +reply_queue+ gives the name of the worker's own queue or nil, +wall+ the time in seconds since the epoch.
      def initialize(link, writer, slots:, wall:, queues: 1, dead_exchange: 'tasker.dead', reply_queue: -> {})
        @link = link
        @writer = writer
        @slots = slots
        @dead_exchange = dead_exchange
        @reply_queue = reply_queue
        @wall = wall
        # Answers to what was never run take no slot; this bounds them while nothing can be confirmed.
        @most_jobs = slots * (2 + (2 * queues))
        @jobs = {}
        @answered = {}
        @cancelled = {}
        @used = 0
        @epoch = nil
        @publisher = @blocked = @full = @consuming = @consumers_alive = false
        @draining = @drained = @interrupted = false
        @suspended = true
        @suspend_at = @grace_at = @give_up_at = nil
        @wake_at = NEVER
        @processed_total = @failed_total = 0
      end

      # -- What others may ask

      def draining? = @draining
      def consuming? = @consuming
      def slots_used = @used

      # Whether handlers still run although their steps were answered.
      def interrupted? = @interrupted

      # The running steps as +worker.heartbeat+ lists them.
      def running
        jobs.each_value.select { |job| job.state == :running }.map do |job|
          { 'dispatch_id' => job.key, 'step_uuid' => job.message.step_uuid,
            'started_at' => Wire.timestamp(job.started_wall) }
        end
      end

      # -- Connections

      # The connection that consumes is ready; queues are declared.
      def consumer_up(epoch, now)
        @epoch = epoch
        heartbeat_all(now)
        update_consuming
      end

      # That connection, its channel or a consumer on it is gone; so are all deliveries.
      def consumer_down(now)
        return if @epoch.nil?

        @epoch = nil
        @consuming = @consumers_alive = false
        jobs.values.each { |job| lose_delivery(job, now) }
        heartbeat_all(now)
        check_drained
      end

      # The connection that publishes is ready: everything kept is published again.
      def publisher_up(now)
        @publisher = true
        @blocked = @suspended = false
        @suspend_at = nil
        jobs.values.each do |job|
          job.pending.dup.each { |publication| send_out(publication) }
          ask(job, now) if job.state == :fetching
        end
        heartbeat_all(now)
        update_consuming
      end

      # That connection is gone with everything unconfirmed on it.
      def publisher_down(now)
        return unless @publisher

        @publisher = @blocked = false
        @suspend_at = due(now + PUBLISHER_PATIENCE)
        jobs.each_value do |job|
          job.pending.each do |publication|
            publication.in_flight = publication.returned = false
            publication.retry_at = nil
          end
          next if job.detaching.nil?

          job.detaching = nil
          job.ack_at = due(now + NACKED_PAUSE)
        end
      end

      # The broker refuses to read from publishers (memory or disk alarm).
      def blocked(now)
        return if @blocked

        @blocked = true
        @suspend_at = due(now + PUBLISHER_PATIENCE)
      end

      def unblocked(now)
        @blocked = false
        @suspend_at = nil
        @suspended = !@publisher
        heartbeat_all(now)
        update_consuming
      end

      # The broker has confirmed that no further deliveries come.
      def consumers_cancelled
        @consumers_alive = false unless @consuming
        check_drained
      end

      # -- Deliveries

      # A message from a step queue. The order of the checks is the protocol's.
      def delivered(delivery, now)
        return if delivery.epoch != @epoch

        message = Wire::Execute.parse(delivery.body)
        id = message.dispatch_id.downcase
        if (job = jobs[id])
          adopt(job, delivery, now)
        elsif @answered.key?(id)
          remember(@answered, id, true)
          @link.ack(delivery)
        else
          message.trace_headers = delivery.headers.slice(*TRACE)
          accept(jobs[id] = Job.new(id, message, delivery, :waiting), delivery, now)
        end
      rescue Wire::Unreadable => e
        refuse(delivery, e)
      end

      # A +step.dependencies+ page; one that was not asked for, or comes twice, changes nothing.
      def dependencies(page, now)
        job = jobs[page['dispatch_id'].to_s.downcase]
        return if job.nil? || job.state != :fetching
        return settle(job, now) if page['gone'] == true

        results = page['dependency_results']
        return unless results.is_a?(Hash)

        job.message.dependency_results.update(results)
        following = page['next']
        if following.is_a?(String)
          # A question is repeated when its answer is late, so an answer may come twice.
          return if job.fetch_seen.key?(following)

          job.fetch_seen[following] = true
          job.fetch_after = following
          ask(job, now)
        else
          job.message.dependencies_omitted = false
          run(job, now)
        end
      end

      # -- Answers

      # The slot is done; +answer+ has the body of the +step.result+ to send and says whether the step failed.
      def finished(job, answer, _now)
        # Answered already: interrupted at the end of the grace period.
        return unless jobs[job.key].equal?(job) && job.state == :running

        @processed_total += 1
        @failed_total += 1 if answer.failed
        job.answer = answer
        keep_answer(job, answer.body)
      end

      # The broker has taken responsibility for a message.
      def confirmed(publication, now)
        job = holder(publication)
        return if job.nil?

        publication.in_flight = false
        if publication.purpose == :detach
          detach_confirmed(job, publication)
        elsif job.pending.delete(publication)
          @link.answer_confirmed(job) if publication.purpose == :answer
          settle(job, now) if job.pending.empty?
        end
      end

      # No queue of that name: not delivered.
      def returned(publication, now) = later(publication, now + RETURNED_PAUSE)

      # The broker could not take it.
      def nacked(publication, now) = later(publication, now + NACKED_PAUSE)

      # -- Cancelling and leaving

      # A cancel notice; unknown ids are remembered, as the delivery may still come.
      def cancel(dispatch_id, now)
        id = dispatch_id.downcase
        job = jobs[id]
        if job.nil?
          remember(@cancelled, id, now + CANCEL_MEMORY)
        elsif UNSTARTED.include?(job.state)
          abandon(job, 'cancelled', 'cancelled before it was started')
          fill(now)
        elsif job.state == :running
          job.control.request_stop('cancelled')
        end
      end

      # Take no more work, answer what was not started, give running handlers +grace+ seconds.
      def drain(now, grace)
        return if @draining

        @draining = true
        update_consuming
        jobs.values.each do |job|
          abandon(job, 'worker_shutdown', 'the worker is shutting down') if UNSTARTED.include?(job.state)
        end
        @grace_at = due(now + grace)
        @give_up_at = due(now + grace + GIVE_UP_AFTER_GRACE)
        check_drained
      end

      # -- Time

      # Do what is due; call it no later than +wake_at+.
      def tick(now)
        @wake_at = NEVER
        suspend if @suspend_at && @suspend_at <= now
        interrupt if @grace_at && @grace_at <= now
        give_up if @give_up_at && @give_up_at <= now
        jobs.values.each { |job| tick_job(job, now) if job.next_due <= now && jobs[job.key].equal?(job) }
        [@suspend_at, @grace_at, @give_up_at].each { |moment| due(moment) if moment }
        jobs.each_value { |job| due(job.next_due) }
      end

      private

      def due(moment)
        @wake_at = moment if moment < @wake_at
        moment
      end

      def remember(memory, id, value)
        memory.delete(id)
        memory[id] = value
        memory.shift if memory.size > REMEMBERED
      end

      # The job a publication belongs to, when it is still held.
      def holder(publication)
        job = publication.job
        job if job && jobs[job.key].equal?(job)
      end

      # -- Deliveries

      def accept(job, delivery, now)
        message = job.message
        count = delivery.delivery_count
        if delivery.redelivered || (count && count >= 1)
          abandon(job, 'redelivered', 'delivered before: another worker may have run it', count)
        elsif @draining
          abandon(job, 'worker_shutdown', 'the worker is shutting down')
        elsif (until_then = @cancelled[job.key]) && now < until_then
          abandon(job, 'cancelled', 'cancelled before it was started')
        elsif !@link.knows_handler?(message)
          abandon(job, 'handler_not_found', handler_not_found(message))
        else
          job.ack_at = due(now + message.ack_deadline)
          try_start(job, now)
        end
        update_consuming if jobs.size >= @most_jobs
      end

      def adopt(job, delivery, now)
        job.deliveries << delivery
        job.ack_at = due(now + job.message.ack_deadline) if job.state != :answered
        return if job.state != :parked

        job.parked_until = nil
        job.state = :waiting
        try_start(job, now)
      end

      def lose_delivery(job, now)
        job.deliveries.clear
        job.ack_at = job.detaching = nil
        if job.message.nil?
          # The broker delivers it again and it is refused again; keeping this answer would double it.
          jobs.delete(job.key)
        elsif %i[waiting fetching].include?(job.state)
          release(job)
          job.full_at = job.fetch_at = nil
          job.state = :parked
          job.parked_until = due(now + PARKED_FOR)
        end
      end

      # A copy for people, an answer where there is an address, and the ack after both confirms.
      def refuse(delivery, error)
        job = Job.new("unreadable:#{delivery.epoch}:#{delivery.tag}", nil, delivery, :answered)
        jobs[job.key] = job
        headers = delivery.headers.merge('x-tasker-reason' => error.reason, 'x-tasker-detail' => error.message,
                                         'x-tasker-origin' => delivery.queue)
        job.pending << Publication.new(:dead_letter, '', delivery.body, '', exchange: @dead_exchange, headers:,
                                                                            properties: delivery.properties, job:)
        answer = refusal_answer(delivery, error, job)
        job.pending << answer if answer
        job.pending.dup.each { |publication| send_out(publication) }
      end

      # Nil when nobody says where it should go.
      def refusal_answer(delivery, error, job)
        id = delivery.message_id || error.dispatch_id
        reply_to = delivery.reply_to || error.reply_to
        return nil if id.to_s.empty? || reply_to.to_s.empty?

        body = @writer.invalid(Wire::Execute.uuid?(id) ? id : nil, error.error_type, error.message, @wall.call)
        Publication.new(:answer, reply_to, body, Wire::TYPE_RESULT, message_id: id, job:,
                                                                    correlation_id: correlation_of(delivery, error),
                                                                    headers: delivery.headers.slice(*TRACE))
      end

      def correlation_of(delivery, error) = error.correlation_id || delivery.properties[:correlation_id]

      def handler_not_found(message)
        name = message.callable.dup
        name << " (method #{message.method_name})" if message.method_name
        name << " (resolver #{message.resolver})" if message.resolver
        "this worker has no handler #{name}"
      end

      # -- Slots

      def try_start(job, now)
        if @used >= @slots
          job.full_at = due(now + FULL_AFTER)
          return
        end
        @used += 1
        job.has_slot = true
        job.full_at = nil
        if job.message.dependencies_omitted
          job.state = :fetching
          ask(job, now)
        else
          run(job, now)
        end
      end

      def run(job, now)
        message = job.message
        job.state = :running
        job.fetch_at = nil
        job.control = RunControl.new
        job.started_wall = job.control.started_wall = @wall.call
        job.heartbeat_at = due(now + FIRST_HEARTBEAT)
        job.timeout_at = due(now + message.timeout) if message.timeout
        @link.start_job(job)
      end

      def release(job)
        return unless job.has_slot

        job.has_slot = false
        @used -= 1
      end

      # A slot became free: start what waits, then consume again.
      def fill(now)
        jobs.values.each do |job|
          break if @used >= @slots

          try_start(job, now) if job.state == :waiting
        end
        update_consuming
      end

      def become_full
        @full = true
        update_consuming
        jobs.values.each do |job|
          abandon(job, 'worker_busy', 'every slot of the worker is busy') if job.state == :waiting
        end
      end

      def update_consuming
        @full = false if @full && @used < @slots
        wanted = @epoch && !@draining && !@suspended && !@full && jobs.size < @most_jobs
        if wanted && !@consuming
          @consuming = @consumers_alive = true
          @link.start_consuming
        elsif !wanted && @consuming
          @consuming = false
          @link.stop_consuming
        end
      end

      # Claim-check: ask for the page after +fetch_after+.
      def ask(job, now)
        message = job.message
        job.fetch_at = due(now + FETCH_PAUSE)
        reply_queue = @reply_queue.call
        return if !@publisher || @blocked || reply_queue.nil?

        @link.publish(
          Publication.new(:fetch, message.reply_to, @writer.fetch(message, job.fetch_after), Wire::TYPE_FETCH,
                          correlation_id: message.correlation_id, reply_to: reply_queue,
                          headers: message.trace_headers, persistent: false, job:)
        )
      end

      # -- Answers

      def abandon(job, why, text, delivery_count = nil)
        running = job.state == :running
        wall = @wall.call
        body = @writer.abandoned(
          job.message, why, text, wall,
          started_at: running ? Wire.timestamp(job.started_wall) : nil,
          execution_time_ms: running ? [((wall - job.started_wall) * 1000).round, 0].max : 0,
          delivery_count:
        )
        # The slot of a running handler is free only when it has really ended.
        release(job) unless running
        @link.abandoned(job.message, why)
        keep_answer(job, body)
      end

      def keep_answer(job, body)
        message = job.message
        job.state = :answered
        job.full_at = job.parked_until = job.heartbeat_at = job.timeout_at = job.fetch_at = nil
        publication = Publication.new(:answer, message.reply_to, body, Wire::TYPE_RESULT,
                                      message_id: message.dispatch_id, correlation_id: message.correlation_id,
                                      headers: message.trace_headers, job:)
        job.pending << publication
        send_out(publication)
      end

      def send_out(publication)
        publication.retry_at = nil
        publication.returned = false
        return if !@publisher || publication.in_flight

        publication.in_flight = true
        @link.publish(publication)
      end

      def later(publication, moment)
        job = holder(publication)
        return if job.nil?

        publication.in_flight = false
        if publication.purpose == :detach
          return unless job.detaching.equal?(publication)

          job.detaching = nil
          job.ack_at = due(moment)
        elsif job.pending.include?(publication)
          publication.retry_at = due(moment)
        end
      end

      # Nothing more to send for this dispatch: ack, remember, free the slot.
      def settle(job, now)
        ack_all(job)
        jobs.delete(job.key)
        release(job)
        remember(@answered, job.key, true) if job.message
        fill(now)
        check_drained
      end

      def ack_all(job)
        job.deliveries.each { |delivery| @link.ack(delivery) if delivery.epoch == @epoch }
        job.deliveries.clear
      end

      # -- Heartbeats and early acks

      def heartbeat_all(now)
        jobs.each_value { |job| beat(job, now) if job.state == :running }
      end

      def beat(job, now)
        job.heartbeat_at = due(now + job.message.heartbeat_interval)
        @link.publish(heartbeat(job, :heartbeat, job.detached?)) if @publisher && !@blocked
      end

      def heartbeat(job, purpose, detached)
        message = job.message
        job.sequence += 1
        body = @writer.heartbeat(message, started_at: Wire.timestamp(job.started_wall), sequence: job.sequence,
                                          detached:, progress: job.control.progress)
        Publication.new(purpose, message.reply_to, body, Wire::TYPE_HEARTBEAT,
                        correlation_id: message.correlation_id, headers: message.trace_headers,
                        persistent: purpose == :detach, job:)
      end

      # Held for too long: say so, ack once that is confirmed, run on.
      def detach(job, now)
        job.ack_at = nil
        return if job.detached? || job.state == :answered

        if job.state != :running
          job.ack_at = due(now + FETCH_PAUSE)
          return
        end
        if !@publisher || @blocked
          job.ack_at = due(now + NACKED_PAUSE)
          return
        end
        if @used >= @slots
          @full = true
          update_consuming
        end
        job.detaching = heartbeat(job, :detach, true)
        job.detaching.in_flight = true
        @link.publish(job.detaching)
      end

      def detach_confirmed(job, publication)
        return unless job.detaching.equal?(publication)

        job.detaching = job.ack_at = nil
        ack_all(job)
        update_consuming
      end

      # -- What is due

      def suspend
        @suspend_at = nil
        @suspended = true
        update_consuming
      end

      def interrupt
        @grace_at = nil
        jobs.values.each do |job|
          next unless job.state == :running

          @interrupted = true
          abandon(job, 'interrupted', 'the worker had to leave before the handler was done')
          job.control.request_stop('interrupted')
        end
      end

      def give_up
        @give_up_at = nil
        @drained = true
        @link.gave_up(jobs.values.flat_map(&:pending))
      end

      def check_drained
        return if !@draining || @drained || !jobs.empty? || @consumers_alive

        @drained = true
        @give_up_at = @grace_at = nil
        @link.drained
      end

      def tick_job(job, now)
        job.pending.dup.each { |publication| send_out(publication) if reached?(publication.retry_at, now) }
        detach(job, now) if reached?(job.ack_at, now)
        beat(job, now) if reached?(job.heartbeat_at, now)
        ask(job, now) if reached?(job.fetch_at, now)
        if reached?(job.timeout_at, now)
          job.timeout_at = nil
          job.control.request_stop('timeout')
        end
        if reached?(job.full_at, now)
          job.full_at = nil
          become_full if job.state == :waiting
        end
        forget_parked(job) if reached?(job.parked_until, now)
      end

      def forget_parked(job)
        job.parked_until = nil
        jobs.delete(job.key)
        update_consuming
        check_drained
      end

      def reached?(moment, now) = moment && moment <= now
    end
  end
end

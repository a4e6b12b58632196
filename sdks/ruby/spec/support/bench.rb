# frozen_string_literal: true

require 'tasker_core/worker/delivery_machine'

# The delivery machine with a link that records, and a clock that the test moves.
class Bench
  attr_reader :machine, :now, :sent, :acked, :started, :consumer_changes, :drained_count, :unsent, :confirmed_jobs
  attr_accessor :unknown_handlers

  def initialize(slots: 2, queues: 1, connected: true)
    @now = 100.0
    @sent = []
    @acked = []
    @started = []
    @consumer_changes = []
    @confirmed_jobs = []
    @unknown_handlers = []
    @drained_count = 0
    @epoch = 0
    @tag = 0
    @machine = TaskerCore::Worker::DeliveryMachine.new(
      self, Messages.writer, slots: slots, queues: queues, reply_queue: -> { 'own-queue' },
                             wall: -> { 1_700_000_000.0 + @now }
    )
    return unless connected

    machine.publisher_up(now)
    consumer_up
  end

  # -- Link

  def publish(publication) = sent << publication

  def ack(delivery)
    raise 'an ack on a connection that is gone' if delivery.epoch != @epoch

    acked << delivery.tag
  end

  def knows_handler?(message) = !unknown_handlers.include?(message.callable)
  def start_job(job) = started << job
  def abandoned(_message, _why); end
  def answer_confirmed(job) = confirmed_jobs << job
  def start_consuming = consumer_changes << 'start'
  def stop_consuming = consumer_changes << 'stop'
  def drained = @drained_count += 1
  def gave_up(unsent) = @unsent = unsent

  # -- Driving

  def consumer_up
    @epoch += 1
    machine.consumer_up(@epoch, now)
  end

  def consumer_down
    machine.consumer_down(now)
    @epoch += 1000 # an ack from here on would be one on a dead connection
  end

  # Hand over a message (strings are passed as they are); returns the delivery tag.
  def deliver(message = Messages.execute, **properties)
    @tag += 1
    raw = message.is_a?(String) ? message : Messages.body(message)
    machine.delivered(TaskerCore::Worker::Delivery.new(epoch: @epoch, tag: @tag, queue: 'tasker.steps.default',
                                                       body: raw, **properties), now)
    @tag
  end

  # The handler of a job returns; gives the publication of its result.
  def finish(job, status = 'completed')
    message = job.message
    body = Messages.writer.result(message.dispatch_id, message.task_uuid, message.step_uuid, status,
                                  completed_at: '2026-01-02T03:04:05.678Z')
    before = sent.size
    machine.finished(job, TaskerCore::Worker::Answer.new(body: body, status: status, failed: status == 'failed'), now)
    sent.size > before ? sent.last : job.pending.first
  end

  def confirm(publication = sent.last) = machine.confirmed(publication, now)

  # Let time pass, waking the machine exactly when it asks for it.
  def advance(seconds)
    until_then = now + seconds
    while machine.wake_at <= until_then
      @now = [now, machine.wake_at].max
      machine.tick(now)
    end
    @now = until_then
  end

  # -- Looking

  def of(*purposes) = sent.select { |publication| purposes.include?(publication.purpose) }
  def answers = of(:answer).map { |publication| JSON.parse(publication.body) }
  def heartbeats = of(:heartbeat, :detach).map { |publication| JSON.parse(publication.body) }
  def error_types = answers.map { |answer| answer['error'] && answer['error']['error_type'] }
  def last = JSON.parse(sent.last.body)
  def consuming? = consumer_changes.last == 'start'
end

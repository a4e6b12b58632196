# frozen_string_literal: true

# A broker queue with redeliveries around one machine, and what must always hold.
class RandomWorld
  attr_reader :bench

  def initialize(seed)
    @random = Random.new(seed)
    @slots = @random.rand(1..3)
    @bench = Bench.new(slots: @slots, queues: @random.rand(1..2))
    @queue = []
    @counts = Hash.new(0)
    @held = {}
    @answers = Hash.new { |hash, key| hash[key] = [] }
    @settled = {}
    @started = Hash.new(0)
    @running = []
    @in_flight = []
    @parked = []
    @publisher = @consumer = true
    @seen = @acks_seen = 0
  end

  def act
    send(%i[publish deliver deliver finish finish settle settle time cancel flap_consumer flap_publisher block]
           .sample(random: @random))
    observe
  end

  # Everything works again: all that was ever delivered must come to an end.
  def calm_down
    flap_consumer until @consumer
    flap_publisher until @publisher
    bench.machine.unblocked(bench.now)
    10_000.times do
      observe
      return if @queue.empty? && @held.empty? && bench.machine.jobs.empty?

      deliver
      finish
      confirm(@in_flight.pop) until @in_flight.empty?
      bench.advance(0.6)
    end
    raise "left over: #{@queue.size} in the queue, #{@held.size} held, #{bench.machine.jobs.size} jobs"
  end

  private

  def publish
    @queue << Messages.execute(limits: { ack_deadline_ms: [2000, 600_000].sample(random: @random),
                                         heartbeat_interval_ms: 3000 })
  end

  def deliver
    return unless @consumer && bench.consuming? && @queue.any? && @held.size < @slots * 2

    message = @queue.shift
    id = message['dispatch_id']
    count = @counts[id]
    before = @started.key?(id)
    tag = bench.deliver(message, redelivered: count.positive?, delivery_count: count.zero? ? nil : count)
    @held[tag] = message
    observe
    # Only a delivery this process had seen before and never started may begin on its redelivery.
    raise 'a redelivered step was started' if count.positive? && !before && @started.key?(id) && !@parked.include?(id)
  end

  def finish
    job = @running.select { |one| one.state == :running }.sample(random: @random)
    return if job.nil?

    @running.delete(job)
    bench.finish(job)
  end

  def settle
    return if !@publisher || @in_flight.empty?

    publication = @in_flight.delete_at(@random.rand(@in_flight.size))
    case @random.rand
    when 0..0.7 then confirm(publication)
    when 0.7..0.85 then bench.machine.nacked(publication, bench.now)
    else bench.machine.returned(publication, bench.now)
    end
  end

  def confirm(publication)
    @settled[publication.job.key] = true
    bench.confirm(publication)
    observe
  end

  def time = bench.advance([0.1, 1.1, 4, 11].sample(random: @random))

  def cancel
    message = (@queue + @held.values).sample(random: @random)
    bench.machine.cancel(message['dispatch_id'], bench.now) if message && @random.rand < 0.3
  end

  def flap_consumer
    if @consumer
      @held.each_value do |message|
        @counts[message['dispatch_id']] += 1
        @queue.unshift(message)
      end
      @held.clear
      bench.consumer_down
      @parked = bench.machine.jobs.select { |_, job| job.state == :parked }.keys
    else
      bench.consumer_up
    end
    @consumer = !@consumer
  end

  def flap_publisher
    @publisher = !@publisher
    return bench.machine.publisher_up(bench.now) if @publisher

    @in_flight.clear
    bench.machine.publisher_down(bench.now)
  end

  def block
    bench.machine.public_send(%i[blocked unblocked].sample(random: @random), bench.now) if @publisher
  end

  # Take notice of what the machine did, and check what must always hold.
  def observe
    bench.sent.drop(@seen).each do |publication|
      @answers[publication.job.key] |= [publication.body] if publication.purpose == :answer
      @in_flight << publication if @publisher && %i[answer detach].include?(publication.purpose)
    end
    @seen = bench.sent.size
    bench.acked.drop(@acks_seen).each do |tag|
      raise 'acked before a confirm' unless @settled[@held.delete(tag)['dispatch_id']]
    end
    @acks_seen = bench.acked.size
    bench.started.each do |job|
      @started[job.key] += 1
      @running << job
    end
    bench.started.clear
    check
  end

  def check
    raise 'a dispatch was started twice' if @started.values.any? { |times| times > 1 }
    raise 'two different answers to one dispatch' if @answers.values.any? { |bodies| bodies.size > 1 }

    busy = bench.machine.jobs.each_value.count(&:has_slot)
    raise "#{busy} jobs with a slot, #{bench.machine.slots_used} counted" if busy != bench.machine.slots_used
    raise 'more handlers than slots' if busy > @slots
  end
end

RSpec.describe TaskerCore::Worker::DeliveryMachine, 'whatever happens' do
  300.times do |seed|
    it "keeps its promises (seed #{seed})" do
      world = RandomWorld.new(seed)
      150.times { world.act }
      world.calm_down
      expect(world.bench.machine.slots_used).to eq(0)
    end
  end
end

# frozen_string_literal: true

# Wire protocol 6.3 to 6.6: slots, confirms, returned and nacked answers, blocked publishers, early acks.
RSpec.describe TaskerCore::Worker::DeliveryMachine, 'slots' do
  let(:bench) { Bench.new }

  it 'frees a slot when the result is confirmed, not when the handler returns' do
    bench.deliver
    result = bench.finish(bench.started.first)
    expect(bench.machine.slots_used).to eq(1)
    bench.confirm(result)
    expect(bench.machine.slots_used).to eq(0)
  end

  it 'is full when a delivery has waited for one second' do
    bench = Bench.new(slots: 1)
    bench.deliver(execute(limits: { ack_deadline_ms: 5000 }))
    bench.advance(5)
    bench.confirm # the early ack: its credit is free, its slot is not
    waiting = bench.deliver
    expect(bench.started.size).to eq(1)
    bench.advance(0.9)
    expect(bench.answers).to eq([])
    bench.advance(0.2)
    expect(bench.error_types).to eq(['worker_busy'])
    expect(bench).not_to be_consuming
    bench.confirm
    expect(bench.acked.last).to eq(waiting)
    expect(bench).not_to be_consuming
    bench.confirm(bench.finish(bench.started.first))
    expect(bench).to be_consuming
  end

  it 'starts a waiting delivery when a slot becomes free in time' do
    bench = Bench.new(slots: 1, queues: 2)
    2.times { bench.deliver }
    result = bench.finish(bench.started.first)
    bench.advance(0.5)
    bench.confirm(result)
    expect(bench.started.size).to eq(2)
    bench.advance(2)
    expect(bench).to be_consuming
  end

  it 'has a hard limit of slots over several queues' do
    bench = Bench.new(slots: 2, queues: 3)
    6.times { bench.deliver }
    expect(bench.started.size).to eq(2)
  end

  it 'repeats a returned result every 5 seconds and holds up nobody' do
    bench.deliver
    result = bench.finish(bench.started.first)
    bench.machine.returned(result, bench.now)
    bench.advance(4.9)
    expect(bench.sent.count(result)).to eq(1)
    bench.advance(0.2)
    expect(bench.sent.count(result)).to eq(2)
    expect(bench.acked).to eq([])
    other = bench.deliver
    bench.confirm(bench.finish(bench.started[1]))
    expect(bench.acked).to eq([other])
    bench.confirm(result)
    expect(bench.acked.size).to eq(2)
  end

  it 'repeats a nacked result after half a second' do
    bench.deliver
    result = bench.finish(bench.started.first)
    bench.machine.nacked(result, bench.now)
    bench.advance(0.4)
    expect(bench.sent.count(result)).to eq(1)
    bench.advance(0.2)
    expect(bench.sent.count(result)).to eq(2)
  end

  it 'publishes kept results again after a reconnect' do
    bench.deliver
    result = bench.finish(bench.started.first)
    bench.machine.publisher_down(bench.now)
    bench.machine.publisher_up(bench.now)
    expect(bench.sent.count(result)).to eq(2)
    expect(result.message_id).to eq(bench.started.first.message.dispatch_id)
    bench.confirm(result)
    expect(bench.acked.size).to eq(1)
  end

  it 'sends a result that ends without a publisher once there is one' do
    bench.deliver
    bench.machine.publisher_down(bench.now)
    result = bench.finish(bench.started.first)
    expect(bench.answers).to eq([])
    bench.machine.publisher_up(bench.now)
    expect(bench.sent.last).to be(result)
  end

  it 'stops the consumers while the publisher is away for 5 seconds' do
    bench.machine.publisher_down(bench.now)
    bench.advance(4.9)
    expect(bench).to be_consuming
    bench.advance(0.2)
    expect(bench).not_to be_consuming
    bench.machine.publisher_up(bench.now)
    expect(bench).to be_consuming
  end

  it 'does the same for a blocked publisher, without heartbeats piling up' do
    bench.deliver(execute(limits: { heartbeat_interval_ms: 2000 }))
    bench.machine.blocked(bench.now)
    bench.advance(30)
    expect(bench).not_to be_consuming
    expect(bench.heartbeats).to eq([])
    bench.machine.unblocked(bench.now)
    expect(bench).to be_consuming
    expect(bench.heartbeats.size).to eq(1)
  end

  it 'does not mind a short block' do
    bench.machine.blocked(bench.now)
    bench.advance(3)
    bench.machine.unblocked(bench.now)
    bench.advance(10)
    expect(bench.consumer_changes).to eq(['start'])
  end

  it 'consumes nothing before answers can be published' do
    bench = Bench.new(connected: false)
    bench.consumer_up
    expect(bench.consumer_changes).to eq([])
    bench.machine.publisher_up(bench.now)
    expect(bench).to be_consuming
  end

  it 'says so at the ack deadline, acks after the confirm and runs on in its slot' do
    bench = Bench.new(slots: 1)
    tag = bench.deliver(execute(limits: { ack_deadline_ms: 10_000 }))
    bench.advance(10)
    detach = bench.of(:detach).first
    expect(detach.persistent).to be(true)
    expect(JSON.parse(detach.body)['detached']).to be(true)
    expect(bench).not_to be_consuming # every slot is busy and the ack would free credit
    expect(bench.acked).to eq([])
    bench.confirm(detach)
    expect(bench.acked).to eq([tag])
    expect(bench.machine.slots_used).to eq(1)
    bench.advance(20)
    expect(bench.last['detached']).to be(true)
    bench.confirm(bench.finish(bench.started.first))
    expect(bench.acked).to eq([tag])
    expect(bench).to be_consuming
  end

  it 'goes on consuming at the ack deadline when a slot is free' do
    bench.deliver(execute(limits: { ack_deadline_ms: 10_000 }))
    bench.advance(10)
    expect(bench).to be_consuming
  end

  it 'tries an early ack again that is not confirmed' do
    tag = bench.deliver(execute(limits: { ack_deadline_ms: 3000 }))
    bench.advance(3)
    bench.machine.nacked(bench.of(:detach).last, bench.now)
    bench.advance(0.6)
    expect(bench.of(:detach).size).to eq(2)
    bench.confirm(bench.of(:detach).last)
    expect(bench.acked).to eq([tag])
  end

  it 'acks nothing for an early ack of a lost connection' do
    message = execute(limits: { ack_deadline_ms: 3000 })
    bench.deliver(message)
    bench.advance(3)
    detach = bench.of(:detach).first
    bench.consumer_down
    bench.consumer_up
    bench.confirm(detach)
    expect(bench.acked).to eq([])
    expect(bench.machine.jobs[message['dispatch_id']].state).to eq(:running)
  end

  it 'bounds the answers to steps that were never run' do
    50.times { bench.consuming? ? bench.deliver(redelivered: true) : break }
    expect(bench).not_to be_consuming
    expect(bench.machine.jobs.size).to be <= 8
    bench.sent.dup.each { |publication| bench.confirm(publication) }
    expect(bench).to be_consuming
  end

  it 'keeps nothing of what is done' do
    2000.times do
      bench.deliver
      bench.confirm(bench.finish(bench.started.pop))
      bench.sent.clear
    end
    expect(bench.machine.jobs).to eq({})
  end
end

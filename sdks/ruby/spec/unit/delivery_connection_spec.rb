# frozen_string_literal: true

# Wire protocol 5 and 6.7: heartbeats, lost connections, parked deliveries; section 3: the claim-check.
RSpec.describe TaskerCore::Worker::DeliveryMachine, 'connections' do
  let(:bench) { Bench.new }

  def sequences(bench) = bench.heartbeats.map { |beat| beat['sequence'] }

  it 'sends no heartbeat for a short step' do
    bench.deliver
    bench.advance(0.9)
    bench.confirm(bench.finish(bench.started.first))
    bench.advance(100)
    expect(bench.heartbeats).to eq([])
  end

  it 'sends the first after a second, then one per interval' do
    bench.deliver(execute(limits: { heartbeat_interval_ms: 20_000 }))
    bench.advance(1)
    expect(sequences(bench)).to eq([1])
    expect(bench.heartbeats.first['detached']).to be(false)
    expect(bench.sent.last.persistent).to be(false)
    bench.advance(40)
    expect(sequences(bench)).to eq([1, 2, 3])
  end

  it 'shows progress with the next heartbeat' do
    bench.deliver
    bench.started.first.control.report_progress(3, 10, 'rows')
    bench.advance(1)
    expect(bench.last['progress']).to eq('done' => 3, 'total' => 10, 'message' => 'rows')
  end

  it 'reports a lost delivery at once and after the reconnect' do
    message = execute
    bench.deliver(message)
    bench.consumer_down
    expect(bench.last).to include('kind' => 'step.heartbeat', 'detached' => true)
    bench.consumer_up
    expect(bench.last['detached']).to be(true)
    bench.deliver(message, redelivered: true)
    bench.advance(25)
    expect(bench.last['detached']).to be(false)
  end

  it 'sends one heartbeat per step after a long outage' do
    bench.deliver(execute(limits: { heartbeat_interval_ms: 1000 }))
    bench.consumer_down
    bench.machine.publisher_down(bench.now)
    before = bench.sent.size
    bench.advance(60)
    bench.machine.publisher_up(bench.now)
    expect(bench.sent.size - before).to eq(1)
  end

  it 'lets a running step survive an outage and sends its result' do
    bench.deliver
    bench.consumer_down
    bench.machine.publisher_down(bench.now)
    result = bench.finish(bench.started.first)
    bench.advance(300)
    bench.machine.publisher_up(bench.now)
    bench.consumer_up
    expect(bench.sent.count(result)).to eq(1)
    bench.confirm(result)
    expect(bench.machine.jobs).to eq({})
    expect(bench.acked).to eq([])
  end

  it 'adopts the redelivery of a parked delivery' do
    bench = Bench.new(slots: 1, queues: 2)
    bench.deliver
    waiting = execute
    bench.deliver(waiting)
    result = bench.finish(bench.started.first)
    bench.consumer_down
    expect(bench.machine.jobs[waiting['dispatch_id']].state).to eq(:parked)
    bench.confirm(result)
    bench.advance(9)
    bench.consumer_up
    tag = bench.deliver(waiting, redelivered: true, delivery_count: 1)
    expect(bench.started.size).to eq(2)
    bench.confirm(bench.finish(bench.started[1]))
    expect(bench.acked).to eq([tag])
  end

  it 'forgets a parked delivery after ten seconds' do
    bench = Bench.new(slots: 1, queues: 2)
    bench.deliver
    waiting = execute
    bench.deliver(waiting)
    bench.consumer_down
    bench.advance(10.1)
    expect(bench.machine.jobs).not_to have_key(waiting['dispatch_id'])
    bench.consumer_up
    bench.deliver(waiting, redelivered: true)
    expect(bench.error_types.last).to eq('redelivered')
  end

  describe 'omitted dependency results' do
    let(:message) { execute(dependency_results_omitted: { 'count' => 3, 'bytes' => 9_000_000 }) }

    def page(message, results, following)
      { 'kind' => 'step.dependencies', 'dispatch_id' => message['dispatch_id'], 'dependency_results' => results,
        'next' => following }
    end

    def questions(bench) = bench.of(:fetch).map { |publication| JSON.parse(publication.body)['after'] }

    it 'are fetched page by page before the handler starts' do
      bench.deliver(message)
      expect(bench.started).to eq([])
      expect([bench.sent.last.routing_key, bench.sent.last.reply_to]).to eq(%w[tasker.results.0 own-queue])
      bench.machine.dependencies(page(message, { 'a' => { 'result' => 1 } }, 'a'), bench.now)
      bench.machine.dependencies(page(message, { 'b' => { 'result' => 2 } }, nil), bench.now)
      expect(questions(bench)).to eq([nil, 'a'])
      expect(bench.started.first.message.dependency_results).to eq('a' => { 'result' => 1 }, 'b' => { 'result' => 2 })
    end

    it 'are asked for again, and an answer that comes twice does no harm' do
      bench.deliver(message)
      bench.advance(5.1)
      expect(questions(bench)).to eq([nil, nil])
      2.times { bench.machine.dependencies(page(message, { 'a' => {} }, 'a'), bench.now) }
      expect(questions(bench)).to eq([nil, nil, 'a'])
    end

    it 'end in an ack and nothing else when the dispatch is gone' do
      tag = bench.deliver(message)
      bench.machine.dependencies({ 'dispatch_id' => message['dispatch_id'], 'gone' => true }, bench.now)
      expect(bench.acked).to eq([tag])
      expect(bench.answers).to eq([])
      expect(bench.machine.slots_used).to eq(0)
    end

    it 'are not a start yet' do
      bench.deliver(message)
      bench.machine.cancel(message['dispatch_id'], bench.now)
      expect(bench.error_types).to eq(['cancelled'])
      expect(bench.machine.slots_used).to eq(0)
      lost = execute(dependency_results_omitted: { 'count' => 1, 'bytes' => 1 })
      bench.deliver(lost)
      bench.consumer_down
      expect(bench.machine.jobs[lost['dispatch_id']].state).to eq(:parked)
      expect(bench.machine.slots_used).to eq(0)
    end
  end
end

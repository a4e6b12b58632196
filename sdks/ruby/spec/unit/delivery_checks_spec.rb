# frozen_string_literal: true

# Wire protocol 6.1 and 6.2: the order of checks, and what is never run.
RSpec.describe TaskerCore::Worker::DeliveryMachine, 'checks' do
  let(:bench) { Bench.new }
  let(:message_id) { '01890a5d-ac96-774b-bcce-b302099a8057' }

  it 'runs a first delivery, answers it and acks after the confirm' do
    tag = bench.deliver
    expect(bench.started.size).to eq(1)
    result = bench.finish(bench.started.first)
    expect(bench.acked).to eq([])
    bench.confirm(result)
    expect(bench.acked).to eq([tag])
    expect(bench.confirmed_jobs).to eq(bench.started)
  end

  [{ redelivered: true }, { delivery_count: 1 }, { redelivered: true, delivery_count: 3 }].each do |properties|
    it "never runs what was delivered before: #{properties}" do
      tag = bench.deliver(**properties)
      expect(bench.started).to eq([])
      expect(bench.last).to include('status' => 'abandoned', 'started_at' => nil, 'execution_time_ms' => 0)
      expect(bench.error_types).to eq(['redelivered'])
      expect(bench.last['metadata']['delivery_count']).to eq(properties[:delivery_count])
      bench.confirm
      expect(bench.acked).to eq([tag])
    end
  end

  it 'takes a delivery count of zero for a first delivery' do
    bench.deliver(delivery_count: 0)
    expect(bench.started.size).to eq(1)
  end

  it 'adopts the redelivery of a running step and answers once' do
    message = execute
    bench.deliver(message)
    bench.consumer_down
    bench.consumer_up
    second = bench.deliver(message, redelivered: true, delivery_count: 1)
    expect(bench.started.size).to eq(1)
    bench.confirm(bench.finish(bench.started.first))
    expect(bench.acked).to eq([second])
    expect(bench.answers.map { |answer| answer['status'] }).to eq(['completed'])
  end

  it 'adopts a redelivery while the result is unconfirmed' do
    message = execute
    bench.deliver(message)
    result = bench.finish(bench.started.first)
    bench.consumer_down
    bench.consumer_up
    second = bench.deliver(message, redelivered: true)
    bench.confirm(result)
    expect(bench.acked).to eq([second])
    expect(bench.answers.size).to eq(1)
  end

  it 'recognises a dispatch id whatever its case' do
    message = execute
    bench.deliver(message)
    bench.deliver(message.merge('dispatch_id' => message['dispatch_id'].upcase))
    expect(bench.started.size).to eq(1)
  end

  it 'acks two copies on one connection' do
    message = execute
    tags = [bench.deliver(message), bench.deliver(message)]
    expect(bench.started.size).to eq(1)
    bench.confirm(bench.finish(bench.started.first))
    expect(bench.acked).to eq(tags)
  end

  it 'acks and drops the redelivery of an answered step' do
    message = execute
    bench.deliver(message)
    bench.confirm(bench.finish(bench.started.first))
    sent = bench.sent.size
    again = bench.deliver(message, redelivered: true)
    expect(bench.acked.last).to eq(again)
    expect(bench.sent.size).to eq(sent)
  end

  it 'remembers only the last 10 000 answers' do
    bench = Bench.new(slots: 1)
    first = execute
    bench.deliver(first)
    bench.confirm(bench.finish(bench.started.last))
    10_000.times do
      bench.deliver
      bench.confirm(bench.finish(bench.started.last))
    end
    bench.deliver(first, redelivered: true)
    expect(bench.error_types.last).to eq('redelivered')
  end

  it 'abandons an unknown handler without starting it' do
    bench.unknown_handlers = ['Missing']
    bench.deliver(execute('Missing'))
    expect(bench.last['status']).to eq('abandoned')
    expect(bench.last['error']).to include('error_type' => 'handler_not_found', 'message' => /Missing/)
  end

  {
    'no JSON' => ['not json', 'invalid_message', 'invalid_message'],
    'no UTF-8' => ["\xFF\xFE", 'invalid_message', 'invalid_message'],
    'no object' => ['[1]', 'invalid_message', 'invalid_message'],
    'far too deep' => ['[' * 100_000, 'invalid_message', 'invalid_message'],
    'NaN' => ['{"protocol":"1.0","kind":"step.execute","x":NaN}', 'invalid_message', 'invalid_message'],
    'another kind' => [Messages.body(Messages.execute(kind: 'step.other')), 'invalid_message', 'unknown_kind'],
    'another version' => [Messages.body(Messages.execute(protocol: '2.0')), 'unsupported_protocol', 'unsupported_protocol'],
    'no version' => [Messages.body(Messages.execute(protocol: nil)), 'unsupported_protocol', 'unsupported_protocol'],
    'half a version' => [Messages.body(Messages.execute(protocol: '1')), 'unsupported_protocol', 'unsupported_protocol'],
    'no step' => [Messages.body(Messages.execute(step: nil)), 'invalid_message', 'invalid_message']
  }.each do |name, (raw, error_type, reason)|
    it "dead-letters what is unusable, answers it, and acks after both confirms: #{name}" do
      tag = bench.deliver(raw.dup, message_id: message_id, reply_to: 'tasker.results.7', redelivered: true)
      dead, answer = bench.sent
      expect([dead.purpose, dead.exchange, dead.body]).to eq([:dead_letter, 'tasker.dead', raw])
      expect(dead.headers).to include('x-tasker-reason' => reason, 'x-tasker-origin' => 'tasker.steps.default')
      expect(dead.headers['x-tasker-detail']).not_to be_empty
      expect(answer.routing_key).to eq('tasker.results.7')
      expect(JSON.parse(answer.body)).to include(
        'dispatch_id' => message_id, 'task_uuid' => nil, 'step_uuid' => nil, 'status' => 'failed',
        'error' => hash_including('error_type' => error_type, 'retryable' => false)
      )
      bench.confirm(dead)
      expect(bench.acked).to eq([])
      bench.confirm(answer)
      expect(bench.acked).to eq([tag])
    end
  end

  it 'only dead-letters what has no address' do
    tag = bench.deliver('{}')
    expect(bench.sent.size).to eq(1)
    bench.confirm
    expect(bench.acked).to eq([tag])
  end

  it 'accepts a higher minor version and unknown keys' do
    bench.deliver(execute(protocol: '1.9', new_key: 1))
    expect(bench.started.size).to eq(1)
  end

  it 'asks about shutting down after redelivered and before the handler' do
    bench.deliver
    bench.machine.drain(bench.now, 30)
    bench.unknown_handlers = ['Missing']
    bench.deliver(execute('Missing'))
    expect(bench.error_types.last).to eq('worker_shutdown')
    bench.deliver(redelivered: true)
    expect(bench.error_types.last).to eq('redelivered')
  end

  it 'ignores a delivery of an older connection' do
    bench.consumer_down
    bench.deliver
    expect(bench.started).to eq([])
    expect(bench.machine.jobs).to eq({})
  end
end

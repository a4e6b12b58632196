# frozen_string_literal: true

# The same worker when connections, brokers and processes fail.
RSpec.describe 'a worker in trouble', :broker do
  let(:desk) { make_desk }

  # A worker whose way to the broker the test can cut.
  def start_behind(proxy, *arguments, **environment)
    start_worker(desk, *arguments, TASKER_AMQP_URL: proxy.url, **environment).tap(&:wait_ready)
  end

  let(:proxy) { Proxy.new(Node.shared.url) }

  it 'keeps a step whose connection is lost between delivery and ack' do
    worker = start_behind(proxy)
    message = begin_step(desk, limits: { heartbeat_interval_ms: 200 })
    proxy.cut
    eventually('a heartbeat without the delivery') { desk.next_of('step.heartbeat')['detached'] }
    worker.wait_for('connected to RabbitMQ again')
    # The broker has delivered it again, to the process that still runs it.
    eventually('a heartbeat with the redelivery') { !desk.next_of('step.heartbeat')['detached'] }
    open_gate
    expect(desk.result['status']).to eq('completed')
    worker.signal(:TERM)
    expect(worker.wait).to eq(0)
    expect(starts(message)).to eq(1)
    expect(desk.rest.map { |one| one['kind'] }).not_to include('step.result')
    expect(desk.depth).to eq(0)
  end

  it 'sends a result that was ready while the broker was away, once' do
    worker = start_behind(proxy)
    message = begin_step(desk)
    proxy.stop
    worker.wait_for('cannot reach RabbitMQ')
    open_gate
    worker.wait_for('completed in')
    proxy.start_again
    sent = desk.result
    expect(sent).to include('dispatch_id' => message['dispatch_id'], 'status' => 'completed')
    worker.wait_for('connected to RabbitMQ again')
    worker.signal(:TERM)
    expect(worker.wait).to eq(0)
    expect(starts(message)).to eq(1)
    expect(desk.depth).to eq(0)
  end

  it 'is killed in the middle of a step, which no other runs' do
    first = start_worker(desk)
    first.wait_ready
    message = begin_step(desk)
    second = start_worker(desk)
    second.wait_ready
    first.signal(:KILL)
    sent = desk.result
    expect(sent).to include('dispatch_id' => message['dispatch_id'], 'status' => 'abandoned', 'started_at' => nil)
    expect(sent['error']['error_type']).to eq('redelivered')
    expect(sent['metadata']['delivery_count']).to eq(1)
    second.signal(:TERM)
    expect(second.wait).to eq(0)
    expect(starts(message)).to eq(1)
    expect(desk.depth).to eq(0)
  end

  it 'is killed by a step, which is not started again' do
    message = execute('crash', { 'notes' => folder })
    desk.send_step(message)
    expect(start_worker(desk).wait).to eq(3)
    start_worker(desk)
    expect(desk.result['error']['error_type']).to eq('redelivered')
    expect(starts(message)).to eq(1)
  end

  it 'survives a broker that stops and starts while a step runs' do
    desk = make_desk(node: Node.private_node)
    worker = start_worker(desk)
    worker.wait_ready
    message = begin_step(desk)
    Node.private_node.stop
    worker.wait_for('cannot reach RabbitMQ')
    open_gate
    worker.wait_for('completed in')
    Node.private_node.start_again
    # The kept result, from the process that ran the step.
    expect(desk.result(timeout: 90)['status']).to eq('completed')
    worker.wait_for('connected to RabbitMQ again', timeout: 90)
    eventually('the ack of the redelivery') { desk.unacked.zero? && desk.depth.zero? }
    expect(starts(message)).to eq(1)
    desk.send_step(execute('echo'))
    expect(desk.result['status']).to eq('completed')
    expect(worker.output).not_to match(/Error\)|\.rb:\d+:in/)
  end

  it 'prints the results that cannot be sent' do
    worker = start_behind(proxy, TASKER_GRACE_SECONDS: '0')
    message = begin_step(desk)
    proxy.stop
    worker.wait_for('cannot reach RabbitMQ')
    worker.signal(:TERM)
    expect(worker.wait).to eq(1)
    expect(worker.output).to include(%("dispatch_id":"#{message['dispatch_id']}"), '"error_type":"interrupted"')
  end

  it 'lets running steps finish at SIGTERM' do
    desk = make_desk(queue_type: 'classic')
    worker = start_worker(desk, '--slots', '1')
    worker.wait_ready
    running = begin_step(desk)
    worker.signal(:TERM)
    worker.wait_for('stopping (SIGTERM)')
    eventually('the end of the consumer') { desk.consumers.zero? }
    desk.send_step(execute('echo'))
    open_gate
    expect(desk.result).to include('dispatch_id' => running['dispatch_id'], 'status' => 'completed')
    expect(worker.wait).to eq(0)
    expect(desk.depth).to eq(1)
    expect(desk.next_of('worker.bye', queue: desk.names.workers)['reason']).to eq('SIGTERM')
  end

  # Deliveries that arrive after the cancel are answered; a requeue would make them look as if they had been run.
  it 'requeues nothing when it leaves while it is busy' do
    messages = Array.new(200) { execute('busy', { 'seconds' => 0.01 }) }
    messages.each { |message| desk.send_step(message) }
    worker = start_worker(desk, '--slots', '20')
    eventually('the first result') { desk.depth(desk.results_queue).positive? }
    worker.signal(:TERM)
    expect(worker.wait).to eq(0)
    answers = desk.rest.select { |message| message['kind'] == 'step.result' }
    expect(answers.size + desk.depth).to eq(messages.size)
    start_worker(desk, '--slots', '20')
    rest = Array.new(messages.size - answers.size) { desk.result }
    expect(rest.map { |answer| answer['status'] }.uniq - ['completed']).to eq([])
  end

  it 'interrupts a handler that outlasts the grace period' do
    worker = start_worker(desk, TASKER_GRACE_SECONDS: '0.3')
    worker.wait_ready
    begin_step(desk)
    worker.signal(:TERM)
    sent = desk.result
    expect([sent['status'], sent['error']['error_type']]).to eq(%w[abandoned interrupted])
    expect(sent['started_at']).not_to be_nil
    expect(worker.wait).to eq(0)
    expect(desk.depth).to eq(0)
  end

  it 'ends at once at a second signal' do
    worker = start_worker(desk)
    worker.wait_ready
    begin_step(desk)
    worker.signal(:TERM)
    worker.wait_for('stopping (SIGTERM)')
    worker.signal(:TERM)
    expect(worker.wait).to eq(128 + Signal.list['TERM'])
  end

  it 'stops consuming while the broker is in alarm' do
    desk = make_desk(node: Node.private_node, queue_type: 'classic')
    worker = start_worker(desk, '--slots', '2')
    worker.wait_ready
    begin_step(desk)
    Node.private_node.ctl('set_vm_memory_high_watermark', '0')
    begin
      open_gate
      worker.wait_for('RabbitMQ refuses messages for now')
      eventually('the end of the consumer') { desk.consumers.zero? }
    ensure
      Node.private_node.ctl('set_vm_memory_high_watermark', '0.4')
    end
    expect(desk.result['status']).to eq('completed')
    eventually("the consumer's return") { desk.consumers == 1 }
  end

  it 'declares a deleted queue again' do
    worker = start_worker(desk)
    worker.wait_ready
    desk.delete(desk.step_queue)
    worker.wait_for('connected to RabbitMQ again')
    desk.send_step(execute('echo'))
    expect(desk.result['status']).to eq('completed')
  end

  it 'keeps trying without a broker, and says so' do
    worker = start_worker(nil, TASKER_AMQP_URL: 'amqp://guest:guest@127.0.0.1:1/%2F')
    worker.wait_for('cannot reach RabbitMQ at 127.0.0.1:1 (connection refused); trying again in', count: 2)
    expect(worker.output).not_to match(/\.rb:\d+:in/)
    worker.signal(:TERM)
    expect(worker.wait).to eq(0)
  end

  it 'ends with a remedy for wrong credentials' do
    worker = start_worker(nil, TASKER_AMQP_URL: Node.shared.url.sub('guest:guest@', 'guest:secret@'))
    expect(worker.wait).to eq(2)
    expect(worker.output).to include("refused user 'guest'", 'TASKER_AMQP_URL')
    expect(worker.output).not_to match(/secret|\.rb:\d+:in/)
  end

  it 'ends with a remedy for a missing virtual host' do
    worker = start_worker(nil, TASKER_AMQP_URL: Node.shared.url.sub(%r{/[^/]*\z}, '/nowhere'))
    expect(worker.wait).to eq(2)
    expect(worker.output).to include("virtual host 'nowhere'")
    expect(worker.output).not_to match(/\.rb:\d+:in/)
  end

  it 'ends with a remedy for a queue with other arguments' do
    desk = make_desk(queue_type: 'classic')
    worker = start_worker(desk, TASKER_QUEUE_TYPE: 'quorum')
    expect(worker.wait).to eq(2)
    expect(worker.output).to include(desk.names.dead, "inequivalent arg 'x-queue-type'", 'TASKER_QUEUE_TYPE')
    expect(worker.output).not_to match(/\.rb:\d+:in/)
  end
end

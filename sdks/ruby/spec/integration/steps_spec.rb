# frozen_string_literal: true

# A worker process on a real broker, in fair weather.
RSpec.describe 'a worker', :broker do
  let(:desk) { make_desk }

  it 'runs a step and publishes its result' do
    context = { 'order_id' => (2**63) - 1, 'name' => 'Zoë 🦊', 'low' => -(2**63) }
    message = execute('echo', context, dependency_results: { 'a' => { 'status' => 'completed', 'result' => {} } })
    desk.send_step(message)
    worker = start_worker(desk)
    sent = desk.result
    expect(sent).to include('status' => 'completed', 'result' => { 'echo' => context, 'from' => ['a'] },
                            'dispatch_id' => message['dispatch_id'], 'step_uuid' => message['step']['uuid'])
    expect(sent['worker']['language']).to eq('ruby')
    expect(SchemaCheck.problem('sent/step.result.schema.json', sent)).to be_nil
    expect(desk.last_properties).to include(
      content_type: 'application/json', delivery_mode: 2, type: 'tasker.step.result.v1',
      message_id: message['dispatch_id'], correlation_id: message['task']['correlation_id'], app_id: 'tasker-ruby',
      headers: hash_including('traceparent' => Desk::TRACEPARENT)
    )
    worker.wait_for('step validate_order attempt 1/3 completed in ')
    worker.wait_for("task=#{message['task']['uuid']}")
    worker.signal(:TERM)
    expect(worker.wait).to eq(0)
    expect(desk.depth).to eq(0)
  end

  it 'says in log lines which step they belong to' do
    worker = start_worker(desk)
    message = execute('echo')
    desk.send_step(message)
    desk.result
    task = message['task']['uuid']
    trace = Desk::TRACEPARENT.split('-')[1]
    worker.wait_for(%(a handler may log {"step":"its own","n":1,"task":"#{task}","attempt":1,"trace_id":"#{trace}"}))
    worker.wait_for(" task=#{task} trace_id=#{trace}\n")
  end

  it 'says hello with every name of every handler, and bye' do
    worker = start_worker(desk, '--slots', '3', '--worker-id', 'till')
    hello = desk.next_of('worker.hello', queue: desk.names.workers)
    expect(SchemaCheck.problem('sent/worker.hello.schema.json', hello)).to be_nil
    expect(hello['worker']).to include('id' => /\Atill-/, 'hostname' => 'test-host')
    expect(hello).to include('queues' => ['default'], 'namespaces' => ['default'], 'slots' => 3, 'any_handler' => false,
                             'pid' => worker.pid)
    names = hello['handlers'].to_h { |entry| [entry['callable'], entry['version']] }
    expect(names).to include('echo' => '1.2.3', 'Echo' => '1.2.3', 'gate' => '1.0.0')
    worker.wait_ready
    expect(desk.consumers).to eq(1)
    worker.signal(:TERM)
    expect(worker.wait).to eq(0)
    bye = desk.next_of('worker.bye', queue: desk.names.workers)
    expect(bye['reason']).to eq('SIGTERM')
    expect(SchemaCheck.problem('sent/worker.bye.schema.json', bye)).to be_nil
  end

  it "waits for the orchestrator's queues" do
    late = Desk.new(Node.shared).tap { |one| @desks << one }
    worker = start_worker(late)
    eventually("the worker's declarations") { late.exists?(late.step_queue) }
    late.declare
    worker.wait_ready
    late.send_step(execute('echo'))
    expect(late.result['status']).to eq('completed')
  end

  it 'knows methods, unknown handlers and failures' do
    messages = [execute('echo', { 'n' => 21 }, handler: { method: 'twice' }), execute('nobody'), execute('refuse')]
    messages.each { |message| desk.send_step(message) }
    start_worker(desk)
    sent = Array.new(3) { desk.result }.to_h { |result| [result['dispatch_id'], result] }
    twice, unknown, refused = messages.map { |message| sent[message['dispatch_id']] }
    expect(twice['result']).to eq('twice' => 42)
    expect([unknown['status'], unknown['error']['error_type']]).to eq(%w[abandoned handler_not_found])
    expect(refused['error']).to include('message' => 'order 7 has no items', 'retryable' => false,
                                        'error_code' => 'EMPTY_ORDER')
  end

  it 'survives handlers that leave in every way' do
    ways = { 'exit' => /called exit/, 'thread' => /ended its thread/, 'never' => /ran longer than 0.3 s/ }
    messages = ways.keys.to_h { |how| [how, execute('leaves', { 'how' => how }, step: { timeout_ms: 300 })] }
    forks = execute('leaves', { 'how' => 'fork' })
    [*messages.values, forks].each { |message| desk.send_step(message) }
    worker = start_worker(desk, '--slots', '2')
    sent = Array.new(4) { desk.result }.to_h { |result| [result['dispatch_id'], result] }
    ways.each do |how, text|
      expect(sent[messages[how]['dispatch_id']]['error']['message']).to match(text)
    end
    expect(sent[forks['dispatch_id']]['result']).to eq('from' => 'parent')
    3.times { desk.send_step(execute('echo')) }
    expect(Array.new(3) { desk.result['status'] }.uniq).to eq(['completed'])
    worker.signal(:TERM)
    expect(worker.wait).to eq(0)
    expect(desk.rest.select { |message| message['kind'] == 'step.result' }).to eq([])
  end

  { 'not json' => 'invalid_message', '{"kind":"step.execute","protocol":"7.0"}' => 'unsupported_protocol' }
    .each do |raw, reason|
    it "dead-letters and answers what is unreadable: #{reason}" do
      id = SecureRandom.uuid
      worker = start_worker(desk)
      desk.send_raw(raw, message_id: id, reply_to: desk.results_queue, user_id: 'guest', expiration: '60000')
      sent = desk.result
      expect(sent).to include('dispatch_id' => id, 'task_uuid' => nil, 'status' => 'failed')
      expect(sent['error']).to include('error_type' => reason, 'retryable' => false)
      copy = eventually('a dead letter') { desk.get(desk.names.dead) }
      expect(copy.is_a?(Hash) ? JSON.generate(copy) : copy).to eq(raw)
      expect(desk.last_properties[:headers]).to include(
        'x-tasker-reason' => reason, 'x-tasker-origin' => desk.step_queue, 'x-tasker-detail' => /./,
        'traceparent' => Desk::TRACEPARENT
      )
      expect(desk.last_properties[:expiration]).to be_nil
      desk.send_step(execute('echo'))
      expect(desk.result['status']).to eq('completed')
      worker.signal(:TERM)
      expect(worker.wait).to eq(0)
      expect(desk.depth).to eq(0)
    end
  end

  it 'is not held up by a missing results queue' do
    desk = make_desk(results: false)
    worker = start_worker(desk)
    message = execute('echo')
    desk.send_step(message)
    worker.wait_for('does not exist; a result waits for it')
    other = "#{desk.prefix}.results.1"
    desk.declare_results(other)
    elsewhere = execute('echo', {}, reply_to: other)
    desk.send_raw(body(elsewhere))
    expect(desk.next_of('step.result', queue: other)['dispatch_id']).to eq(elsewhere['dispatch_id'])
    desk.declare_results
    expect(desk.result['dispatch_id']).to eq(message['dispatch_id'])
    desk.delete(other)
  end

  it 'fetches omitted dependency results page by page' do
    start_worker(desk)
    message = execute('echo', {}, dependency_results_omitted: { 'count' => 3, 'bytes' => 9_000_000 })
    desk.send_step(message)
    [[nil, %w[a b], 'b'], ['b', %w[c], nil]].each do |after, names, following|
      expect(desk.next_of('step.fetch')['after']).to eq(after)
      page = { 'protocol' => '1.0', 'kind' => 'step.dependencies', 'dispatch_id' => message['dispatch_id'],
               'dependency_results' => names.to_h { |name| [name, { 'status' => 'completed', 'result' => {} }] },
               'next' => following }
      desk.reply(desk.last_properties[:reply_to], page)
    end
    expect(desk.result['result']['from']).to eq(%w[a b c])
  end

  it 'sends heartbeats, even while handlers compute' do
    start_worker(desk, '--slots', '4')
    messages = Array.new(4) { execute('busy', { 'seconds' => 2.5 }, limits: { heartbeat_interval_ms: 200 }) }
    messages.each { |message| desk.send_step(message) }
    beats = []
    results = []
    eventually('four results', timeout: 60) do
      desk.rest.each { |message| (message['kind'] == 'step.result' ? results : beats) << message }
      results.size == 4
    end
    expect(results.map { |result| result['status'] }.uniq).to eq(['completed'])
    expect(beats.map { |beat| beat['dispatch_id'] }.uniq.size).to eq(4)
    beats.each { |beat| expect(SchemaCheck.problem('sent/step.heartbeat.schema.json', beat)).to be_nil }
  end

  it 'cancels before and during a step' do
    early = execute('echo')
    start_worker(desk).wait_ready
    desk.cancel(early)
    running = execute('gate', { 'gate' => gate, 'polite' => true })
    desk.send_step(running)
    desk.next_of('step.heartbeat') # by now the notice has arrived too
    desk.send_step(early)
    expect(desk.result).to include('dispatch_id' => early['dispatch_id'], 'status' => 'abandoned',
                                   'error' => hash_including('error_type' => 'cancelled'))
    desk.cancel(running)
    expect(desk.result).to include('status' => 'failed',
                                   'error' => hash_including('error_type' => 'cancelled', 'retryable' => false))
  end

  it 'sends results of almost 1 MiB, and refuses larger ones' do
    start_worker(desk)
    desk.send_step(execute('large', { 'text' => 'x', 'times' => 1_048_000 }))
    expect(desk.result['result']['data'].size).to eq(1_048_000)
    desk.send_step(execute('large', { 'text' => 'ë', 'times' => 600_000 }))
    expect(desk.result['error']['error_type']).to eq('result_too_large')
  end

  it 'works on classic queues' do
    classic = make_desk(queue_type: 'classic')
    start_worker(classic)
    classic.send_step(execute('echo'))
    expect(classic.result['status']).to eq('completed')
  end

  it 'runs many steps over several queues' do
    worker = start_worker(desk, '--queue', 'default', '--queue', 'second', '--slots', '4')
    worker.wait_ready
    waiting = {}
    200.times do |number|
      message = execute('echo', { 'n' => number })
      waiting[message['dispatch_id']] = message
      desk.send_step(message, number.odd? ? 'second' : 'default')
    end
    until waiting.empty?
      sent = desk.result
      message = waiting.delete(sent['dispatch_id'])
      next if sent['status'] == 'completed'

      # With several queues a full worker hands steps back; an orchestrator dispatches them anew.
      expect(sent['error']['error_type']).to eq('worker_busy')
      again = message.merge('dispatch_id' => SecureRandom.uuid)
      waiting[again['dispatch_id']] = again
      desk.send_step(again)
    end
    desk.delete(desk.names.steps('second'))
  end

  it 'hands fast events to subscribers of its process after the confirm' do
    worker = start_worker(desk)
    events = [{ 'name' => 'order.echoed', 'delivery_mode' => 'fast' }, { 'name' => 'invoice.made', 'delivery_mode' => 'fast' }]
    desk.send_step(execute('echo', { 'a' => 1 }, step_definition: { publishes_events: events }))
    expect(desk.result['events']).to eq([])
    worker.wait_for('heard order.echoed')
    expect(worker.output).not_to include('heard invoice.made')
  end
end

# frozen_string_literal: true

require 'open3'

# Wire protocol, section 7, with a real process.
RSpec.describe 'tasker-worker --transport stdio' do
  let(:conformance) { File.join(WorkerProcess::ROOT, 'conformance/handlers.rb') }

  def command(path, *arguments)
    [WorkerProcess.environment, RbConfig.ruby, File.join(WorkerProcess::ROOT, 'exe/tasker-worker'), '-r', path,
     '--transport', 'stdio', *arguments]
  end

  # Run to the end of the input: <tt>[messages, stderr, status]</tt>.
  def run(lines, path = conformance)
    output, error, status = Open3.capture3(*command(path), stdin_data: lines.map { |line| "#{line}\n" }.join)
    [output.lines.map { |line| JSON.parse(line) }, error, status.exitstatus]
  end

  def step(name, context = {}, **changes) = body(execute("conformance.#{name}", context, **changes))

  it 'answers line by line and exits 0 at the end of the input' do
    sent, error, status = run([step('echo', { 'n' => (2**63) - 1, 's' => 'Zoë 🦊' }), '', step('add', { 'a' => 1, 'b' => 2 })])
    expect(sent.map { |message| message['status'] }).to eq(%w[completed completed])
    expect(sent[0]['result']['context']).to eq('n' => (2**63) - 1, 's' => 'Zoë 🦊')
    sent.each { |message| expect(SchemaCheck.problem('sent/step.result.schema.json', message)).to be_nil }
    expect(error).to match(%r{step validate_order attempt 1/3 completed in \d+ ms task=})
    expect(status).to eq(0)
  end

  it 'keeps what handlers print away from the messages' do
    sent, error, = run([step('print', { 'text' => 'a handler may print' })])
    expect(sent.map { |message| message['kind'] }).to eq(['step.result'])
    expect(error.scan('a handler may print').size).to eq(4)
  end

  it 'keeps the next step from a handler that reads its input' do
    path = File.join(folder, 'reads_input.rb')
    File.write(path, <<~RUBY)
      class ReadsInput < TaskerCore::StepHandler::Base
        def call(_context) = { child: `cat`, own: $stdin.read }
      end
    RUBY
    sent, = run([body(execute('ReadsInput')), body(execute('ReadsInput'))], path)
    expect(sent.map { |message| message['result'] }).to eq([{ 'child' => '', 'own' => '' }] * 2)
  end

  it 'answers unreadable lines and goes on' do
    sent, error, = run(['not json', '{"kind":"step.execute","protocol":"2.0"}', step('echo')])
    expect(sent.map { |message| message['error'] && message['error']['error_type'] })
      .to eq(['invalid_message', 'unsupported_protocol', nil])
    expect(error).to include('unreadable line')
  end

  it 'survives exit, and stops a handler at its time limit' do
    sent, _, status = run([step('exit'), step('slow', { 'milliseconds' => 60_000 }, step: { timeout_ms: 200 }), step('echo')])
    expect(sent.map { |message| message['status'] }).to eq(%w[failed failed completed])
    expect(sent[0]['error']['message']).to include('called exit (status 3)')
    expect(sent[1]['error']['error_type']).to eq('timeout')
    expect(status).to eq(0)
  end

  it 'does not let a forked child write to the stream' do
    file = File.join(folder, 'forks.rb')
    File.write(file, <<~RUBY)
      class Forks < TaskerCore::StepHandler::Base
        def call(_context)
          [fork, fork { puts 'child' }].compact.size == 1 and return { from: 'child' }
          Process.waitall
          { from: 'parent' }
        end
      end
    RUBY
    sent, = run([body(execute('forks')), body(execute('forks'))], file)
    expect(sent.map { |message| message['result'] }).to eq([{ 'from' => 'parent' }] * 2)
  end

  it 'sends heartbeats with progress' do
    message = step('slow', { 'milliseconds' => 1500, 'progress' => true }, limits: { heartbeat_interval_ms: 200 })
    sent, = run([message])
    beats = sent[0..-2]
    expect(beats.size).to be >= 1
    expect(beats.first['progress']).to eq('done' => 1, 'total' => 2, 'message' => 'half')
    beats.each { |beat| expect(SchemaCheck.problem('sent/step.heartbeat.schema.json', beat)).to be_nil }
  end

  it 'cancels the running step at SIGTERM, and ends while it waits' do
    trace = File.join(folder, 'trace')
    Open3.popen3(*command(conformance)) do |input, output, _error, process|
      input.puts(step('slow', { 'milliseconds' => 60_000, 'polite' => true, 'trace' => trace }))
      eventually('the start of the handler') { File.exist?(trace) }
      Process.kill(:TERM, process.pid)
      expect(JSON.parse(output.gets)['error']['error_type']).to eq('cancelled')
      expect(process.value.exitstatus).to eq(0)
    end
    Open3.popen3(*command(conformance)) do |input, output, _error, process|
      input.puts(step('echo'))
      output.gets
      Process.kill(:TERM, process.pid)
      expect(process.value.exitstatus).to eq(0)
    end
  end
end

RSpec.describe 'tasker-worker' do
  def run(*arguments, **environment)
    Open3.capture3(WorkerProcess.environment(environment.transform_keys(&:to_s)), RbConfig.ruby,
                   File.join(WorkerProcess::ROOT, 'exe/tasker-worker'), *arguments)
  end

  def refusal(*arguments, **environment)
    _, error, status = run(*arguments, **environment)
    expect(status.exitstatus).to eq(2)
    expect(error).not_to match(/\.rb:\d+:in/)
    error
  end

  it 'helps' do
    output, _, status = run('--help')
    expect(output).to include('--namespace', '--queue', '--slots', '--amqp', '--transport', '-r', 'example:')
    expect(status.exitstatus).to eq(0)
    expect(run('--version').first).to include(TaskerCore::VERSION)
  end

  it 'says what is wrong and what to do' do
    broken = File.join(folder, 'broken.rb')
    File.write(broken, 'class Broken; raise "no database"; end')
    empty = File.join(folder, 'empty.rb')
    File.write(empty, '')
    expect(refusal).to include('no handlers', 'TaskerCore::StepHandler::Base')
    expect(refusal('-r', empty)).to include('no handlers in')
    expect(refusal('-r', '/nowhere')).to include('there is no Ruby file at /nowhere')
    expect(refusal(RUBY_HANDLER_PATH: '/nowhere')).to include('RUBY_HANDLER_PATH: there is no Ruby file at /nowhere')
    expect(refusal('-r', broken)).to include('RuntimeError: no database', 'line 1')
    File.write(broken, "exit 0\n")
    expect(refusal('-r', broken)).to include('broken.rb cannot be loaded: it calls exit(0)')
    File.write(broken, "\ndef call(\nend\n")
    expect(refusal('-r', broken)).to include('broken.rb cannot be loaded: SyntaxError: ', 'broken.rb:3: ')
    expect(refusal('--bad')).to include('invalid option: --bad')
    expect(refusal('-r', broken, '--slots', 'many', '--namespace', 'a,b')).to include('slots', 'several namespaces')
    expect(refusal('-r', broken, TASKER_AMQP_URL: 'http://u:secret@x')).to include('amqp://user:password@host:5672/vhost')
      .and(satisfy { |text| !text.include?('secret') })
  end
end

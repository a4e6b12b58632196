# frozen_string_literal: true

# For tests on a real broker. Without RabbitMQ they are skipped with the reason; under CI they fail.
RSpec.shared_context 'with a broker', :broker do
  before do
    if (reason = Node.missing) && ENV['TASKER_TEST_AMQP_URL'].to_s.empty?
      ENV['CI'].to_s.empty? ? skip(reason) : raise(reason)
    end
    @workers = []
    @desks = []
  end

  after do
    (@workers || []).each(&:close)
    (@desks || []).each(&:close)
  end

  def make_desk(node: Node.shared, queue_type: 'quorum', results: true)
    Desk.new(node, queue_type).tap do |desk|
      @desks << desk
      desk.declare(results: results)
    end
  end

  def start_worker(desk, *arguments, **environment)
    environment = (desk ? desk.environment : {}).merge(environment.transform_keys(&:to_s))
    WorkerProcess.new(*arguments, environment: environment).tap { |worker| @workers << worker }
  end

  # How often the handler of a step was started, over all processes.
  def starts(message)
    file = File.join(folder, message['step']['uuid'])
    File.exist?(file) ? File.read(file).scan('start').size : 0
  end

  def gate = File.join(folder, 'gate')
  def open_gate = File.write(gate, '')

  # Dispatch a step that runs until the gate is open, and wait until it runs.
  def begin_step(desk, **changes)
    message = execute('gate', { 'gate' => gate, 'notes' => folder }, **changes)
    desk.send_step(message)
    eventually('the start of the handler') { starts(message) == 1 }
    message
  end
end

RSpec.configure { |config| config.after(:suite) { Node.close_all } }

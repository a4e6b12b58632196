# frozen_string_literal: true

# A worker inside an application.
RSpec.describe TaskerCore::Worker::Bootstrap, :broker do
  it 'starts, takes handlers that are registered later, and shuts down' do
    desk = make_desk
    settings = TaskerCore::Worker::Settings.read(desk.environment)
    registry = TaskerCore::Registry::HandlerRegistry.new
    registry.register_handler('early', Class.new(TaskerCore::StepHandler::Base) { def call(_) = { early: true } })
    bootstrap = described_class.new(settings, registry)
    bootstrap.worker.start
    expect(bootstrap.wait_until_ready).to be(true)
    expect(bootstrap.status).to include(running: true, connected: true, queues: ['default'])
    expect(bootstrap.health_check).to include(healthy: true, slots: 10)
    desk.next_of('worker.hello', queue: desk.names.workers)
    registry.register_handler('late', Class.new(TaskerCore::StepHandler::Base) { def call(_) = { thread: Thread.current.name } })
    hello = desk.next_of('worker.hello', queue: desk.names.workers)
    expect(hello['handlers'].map { |entry| entry['callable'] }).to include('early', 'late')
    desk.send_step(execute('late'))
    expect(desk.result['result']['thread']).to start_with('tasker-slot')
    left = false
    bootstrap.on_shutdown { left = true }
    expect(bootstrap.shutdown!).to eq(0)
    expect([bootstrap.running?, left]).to eq([false, true])
  end
end

# frozen_string_literal: true

# Wire protocol 6.9 to 6.11: cancel, time limits, leaving.
RSpec.describe TaskerCore::Worker::DeliveryMachine, 'stopping' do
  let(:bench) { Bench.new }

  it 'remembers a cancel that comes before the delivery' do
    message = execute
    bench.machine.cancel(message['dispatch_id'], bench.now)
    bench.advance(3000)
    bench.deliver(message)
    expect(bench.started).to eq([])
    expect(bench.last['status']).to eq('abandoned')
    expect(bench.error_types).to eq(['cancelled'])
  end

  it 'forgets a cancel after an hour' do
    message = execute
    bench.machine.cancel(message['dispatch_id'], bench.now)
    bench.advance(3601)
    bench.deliver(message)
    expect(bench.started.size).to eq(1)
  end

  it 'sets the flag of a running step, whose result is still sent' do
    message = execute
    bench.deliver(message)
    bench.machine.cancel(message['dispatch_id'], bench.now)
    control = bench.started.first.control
    expect([control.cancelled?, control.reason]).to eq([true, 'cancelled'])
    bench.finish(bench.started.first)
    expect(bench.last['status']).to eq('completed')
  end

  it 'answers a waiting step that is cancelled' do
    bench = Bench.new(slots: 1, queues: 2)
    bench.deliver
    waiting = execute
    bench.deliver(waiting)
    bench.machine.cancel(waiting['dispatch_id'], bench.now)
    expect(bench.error_types).to eq(['cancelled'])
  end

  it 'sets the flag at the time limit' do
    bench.deliver(execute(step: { timeout_ms: 2500 }))
    control = bench.started.first.control
    bench.advance(2.4)
    expect(control).not_to be_cancelled
    bench.advance(0.2)
    expect(control.reason).to eq('timeout')
  end

  it 'answers what was not started and waits for the rest when it leaves' do
    bench = Bench.new(slots: 1, queues: 2)
    2.times { bench.deliver }
    bench.machine.drain(bench.now, 30)
    expect(bench).not_to be_consuming
    expect(bench.error_types).to eq(['worker_shutdown'])
    bench.confirm
    bench.machine.consumers_cancelled
    expect(bench.drained_count).to eq(0)
    bench.confirm(bench.finish(bench.started.first))
    expect(bench.drained_count).to eq(1)
    expect(bench.acked.size).to eq(2)
  end

  it 'waits for the consumers to be gone' do
    bench.machine.drain(bench.now, 30)
    expect(bench.drained_count).to eq(0)
    bench.deliver # on its way while the cancel travelled
    expect(bench.error_types).to eq(['worker_shutdown'])
    bench.confirm
    bench.machine.consumers_cancelled
    expect(bench.drained_count).to eq(1)
  end

  it 'interrupts running steps after the grace period, and nothing follows' do
    bench.deliver
    bench.machine.drain(bench.now, 30)
    bench.machine.consumers_cancelled
    bench.advance(29)
    expect(bench.answers).to eq([])
    bench.advance(1.5)
    expect(bench.answers.size).to eq(1)
    expect(bench.answers.first).to include('status' => 'abandoned', 'started_at' => String)
    expect(bench.error_types).to eq(['interrupted'])
    expect(bench.started.first.control.reason).to eq('interrupted')
    expect(bench.machine).to be_interrupted
    bench.machine.finished(bench.started.first, TaskerCore::Worker::Answer.new(body: '{}'), bench.now)
    expect(bench.answers.size).to eq(1)
    bench.confirm
    expect(bench.drained_count).to eq(1)
  end

  it 'gives up ten seconds after the grace period when the broker is away' do
    bench.deliver
    bench.consumer_down
    bench.machine.publisher_down(bench.now)
    bench.machine.drain(bench.now, 5)
    result = bench.finish(bench.started.first)
    bench.advance(14.9)
    expect(bench.unsent).to be_nil
    bench.advance(0.2)
    expect(bench.unsent).to eq([result])
  end

  it 'consumes nothing again after the stop' do
    bench.deliver
    bench.machine.drain(bench.now, 30)
    bench.consumer_down
    bench.machine.publisher_down(bench.now)
    bench.machine.publisher_up(bench.now)
    bench.consumer_up
    expect(bench).not_to be_consuming
  end

  it 'leaves at once when it is idle and has no broker' do
    bench = Bench.new(connected: false)
    bench.machine.drain(bench.now, 30)
    expect(bench.drained_count).to eq(1)
  end

  it 'shows running steps and totals' do
    message = execute
    bench.deliver(message)
    expect(bench.machine.running).to match(
      [hash_including('dispatch_id' => message['dispatch_id'], 'step_uuid' => message['step']['uuid'])]
    )
    bench.finish(bench.started.first, 'failed')
    expect(bench.machine.running).to eq([])
    expect([bench.machine.processed_total, bench.machine.failed_total]).to eq([1, 1])
  end
end

RSpec.describe TaskerCore::Worker::RunControl do
  # Runs the block on a thread of its own and gives what came of it.
  def in_thread(control, &)
    Thread.new do
      control.stoppable(&)
    rescue TaskerCore::Worker::HandlerStopped => e
      [:stopped, e.message]
    end
  end

  let(:control) { described_class.new }

  it 'stops a handler that sleeps for ever' do
    entered = Queue.new
    thread = in_thread(control) { (entered << true) && sleep }
    entered.pop
    control.request_stop('timeout')
    expect(thread.value).to eq([:stopped, 'timeout'])
  end

  it 'stops one that comes after the request' do
    control.request_stop('interrupted')
    expect(in_thread(control) { sleep }.value).to eq([:stopped, 'interrupted'])
  end

  it 'does not stop by force for a cancel notice' do
    control.request_stop('cancelled')
    expect(in_thread(control) { control.cancelled? }.value).to be(true)
  end

  it 'does not hit what the thread does after the handler' do
    500.times do
      control = described_class.new
      ready = Queue.new
      thread = Thread.new do
        Thread.current.report_on_exception = false
        begin
          control.stoppable { ready << true }
        rescue TaskerCore::Worker::HandlerStopped
          nil
        end
        Thread.pass
        :survived
      end
      ready.pop
      control.request_stop('timeout')
      expect(thread.value).to eq(:survived)
    end
  end
end

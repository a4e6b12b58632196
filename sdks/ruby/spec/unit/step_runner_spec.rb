# frozen_string_literal: true

# What becomes of good and bad handlers.
RSpec.describe TaskerCore::Worker::StepRunner do
  def sent_by(**changes, &) = answer_to(execute('handler', **changes), registry_with(&))

  def error_of(**changes, &)
    sent = sent_by(**changes, &)
    expect(sent['status']).to eq('failed')
    sent['error']
  end

  it 'sends bare values as results' do
    expect(sent_by { |_| { total: 3 } }['result']).to eq('total' => 3)
    expect(sent_by { |_| [1, 2] }['result']).to eq([1, 2])
    expect(sent_by { |_| 7 }['result']).to eq(7)
    expect(sent_by { |_| false }['result']).to be(false)
    expect(sent_by { |_| }['result']).to eq({})
  end

  it 'reads a hash with a success key as a result' do
    failed = error_of { |_| { success: false, message: 'no', error_type: 'ValidationError', retryable: true } }
    expect(failed).to include('message' => 'no', 'error_type' => 'ValidationError', 'retryable' => true)
    expect(sent_by { |_| { 'success' => true, 'result' => 5 } }['result']).to eq(5)
  end

  it 'adds retryable and the version to the metadata' do
    sent = sent_by { |_| success(result: 1, metadata: { mine: 2 }) }
    expect(sent['metadata']).to eq('mine' => 2, 'retryable' => true, 'handler_version' => '1.0.0')
  end

  it 'reports what is raised' do
    error = error_of { |_| raise TaskerCore::Errors::PermanentError.new('no', error_code: 'E7', order: 9) }
    expect(error).to include('message' => 'no', 'error_type' => 'PermanentError', 'error_code' => 'E7',
                             'retryable' => false)
    expect(error['metadata']['context']).to eq('order' => 9)
    error = error_of { |_| raise TaskerCore::Errors::RetryableError.new('later', retry_after: 7) }
    expect(error).to include('error_type' => 'RetryableError', 'retryable' => true, 'retry_after_seconds' => 7)
    error = error_of { |_| 1 / 0 }
    expect(error).to include('message' => 'divided by 0', 'error_type' => 'UnexpectedError', 'retryable' => true)
    expect(error['metadata']['exception_class']).to eq('ZeroDivisionError')
    expect(error['backtrace'].join).to include('step_runner_spec.rb')
    expect(error['backtrace'].join).not_to include('lib/tasker_core/worker')
  end

  it 'lets an exception say whether trying again helps' do
    stubborn = Class.new(StandardError) { def retryable? = false }
    expect(error_of { |_| raise stubborn, 'x' }['retryable']).to be(false)
    expect(error_of { |_| raise TaskerCore::Errors::ConfigurationError, 'x' }['retryable']).to be(false)
  end

  it 'sends strange error types as they were given' do
    error = error_of { |_| failure(message: 'm', error_type: 'card_declined', retryable: false) }
    expect(error).to include('error_type' => 'card_declined', 'retryable' => false)
  end

  describe 'bad handlers' do
    it('junk') { expect(error_of { |_| Object.new }).to include('error_type' => 'serialization_error', 'message' => /Object at \$ has no JSON form/) }
    it('NaN') { expect(error_of { |_| { x: Float::NAN } }).to include('error_type' => 'serialization_error', 'retryable' => false) }

    it '2 MiB' do
      expect(error_of { |_| 'x' * 2_097_152 }).to include('error_type' => 'result_too_large', 'retryable' => false,
                                                          'message' => /store it elsewhere/)
    end

    it('exit') { expect(error_of { |_| exit(3) }['message']).to match(/called exit \(status 3\)/) }
    it('abort') { expect(error_of { |_| abort }['message']).to match(/called exit \(status 1\)/) }
    it('throw') { expect(error_of { |_| throw :nobody }['message']).to match(/uncaught throw/) }
    it('no call') { expect(answer_to(execute('handler'), registry_with_base)['error']['message']).to match(/no method call/) }
    it('endless recursion') { expect(error_of { |context| call(context) }['message']).to match(/stack level too deep/) }

    it 'an exception whose message fails' do
      broken = Class.new(StandardError) { def message = raise('again') }
      expect(error_of { |_| raise broken }['error_type']).to eq('UnexpectedError')
    end

    it 'metadata that cannot be sent' do
      error = error_of { |_| failure(message: 'm', metadata: { io: $stdout }) }
      expect(error).to include('message' => 'm', 'metadata' => hash_including('metadata_dropped' => /has no JSON form/))
    end

    it 'a handler that ends its thread' do
      answers = Queue.new
      runner = described_class.new(registry_with { |_| Thread.exit }, writer)
      Thread.new { runner.execute(parsed('handler'), TaskerCore::Worker::RunControl.new) { |one| answers << one } }
      expect(JSON.parse(answers.pop.body)['error']['message']).to match(/ended its thread/)
    end

    it 'one that never returns is stopped at its time limit' do
      control = TaskerCore::Worker::RunControl.new
      entered = Queue.new
      registry = registry_with do |_|
        entered << true
        begin
          sleep
        rescue StandardError
          retry
        end
      end
      stopper = Thread.new { entered.pop && control.request_stop('timeout') }
      error = answer_to(execute('handler', step: { timeout_ms: 1500 }), registry, control: control)['error']
      stopper.join
      expect(error).to include('error_type' => 'timeout', 'retryable' => true,
                               'message' => 'the handler ran longer than 1.5 s')
    end

    it 'forks: the child says nothing' do
      reader, pipe = IO.pipe
      answers = 0
      registry = registry_with do |_|
        child = fork
        if child
          { status: Process.wait2(child).last.exitstatus }
        else
          { from: 'the child' }
        end
      end
      described_class.new(registry, writer).execute(parsed('handler'), TaskerCore::Worker::RunControl.new) do |one|
        answers += 1
        pipe.puts(one.body)
      end
      pipe.close
      expect(answers).to eq(1)
      expect(reader.read.lines.size).to eq(1)
    end

    def registry_with_base
      registry = TaskerCore::Registry::HandlerRegistry.new
      registry.register_handler('handler', Class.new(TaskerCore::StepHandler::Base))
      registry
    end
  end

  it 'stops early as cancelled when asked to' do
    control = TaskerCore::Worker::RunControl.new
    control.request_stop('cancelled')
    sent = answer_to(execute('handler'), registry_with(&:raise_if_cancelled!), control: control)
    expect(sent['error']).to include('error_type' => 'cancelled', 'retryable' => false)
  end

  it 'fills in the only worker template that can be meant' do
    names = ->(list) { { step_definition: { worker_template_names: list } } }
    work = proc { |_| batch_analyzer_success(create_batch_outcome(total_items: 3, batch_size: 2)) }
    registry = registry_with(TaskerCore::StepHandler::Batchable, &work)
    outcome = ->(list) { answer_to(execute('handler', **names.call(list)), registry)['result']['batch_processing_outcome'] }
    expect(outcome.call(['work'])['worker_template_name']).to eq('work')
    expect(outcome.call(%w[work other])).not_to have_key('worker_template_name')
  end

  it 'writes checkpoints, and refuses accumulated results over 256 KiB' do
    checkpoint = lambda do |carried|
      sent_by { |_| TaskerCore::Types::StepHandlerCallResult.checkpoint_yield(cursor: 5, items_processed: 5, accumulated_results: carried) }
    end
    expect(checkpoint.call({ 'n' => 1 })).to include(
      'status' => 'checkpoint', 'result' => nil,
      'checkpoint' => { 'cursor' => 5, 'items_processed' => 5, 'accumulated_results' => { 'n' => 1 } }
    )
    expect(checkpoint.call('x' * 300_000)['error']['error_type']).to eq('checkpoint_too_large')
  end

  it 'abandons what it cannot find' do
    sent = answer_to(execute('nobody'), TaskerCore::Registry::HandlerRegistry.new)
    expect(sent).to include('status' => 'abandoned', 'started_at' => nil)
    expect(sent['error']['error_type']).to eq('handler_not_found')
  end
end

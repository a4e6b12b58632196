# frozen_string_literal: true

RSpec.describe TaskerCore::Types do
  let(:results) { TaskerCore::Types::StepHandlerCallResult }

  it 'has results with predicates' do
    success = results.success(result: [1], metadata: { a: 1 })
    expect([success.success?, success.success, success.checkpoint?]).to eq([true, true, false])
    expect(success.to_h).to eq(success: true, result: [1], metadata: { a: 1 })
    expect(success).to eq(results.success(result: [1], metadata: { a: 1 }))
    expect(success).to be_frozen
    error = results.error(error_type: 'PermanentError', message: 'm')
    expect([error.success?, error.retryable, error.metadata]).to eq([false, false, {}])
    checkpoint = results.checkpoint_yield(cursor: 5, items_processed: 5)
    expect([checkpoint.success?, checkpoint.checkpoint?]).to eq([false, true])
  end

  it 'refuses bad attributes with a TypeError' do
    expect { results.error(error_type: 'mine', message: 'm') }.to raise_error(TaskerCore::Types::StructError, /error_type/)
    expect { results::Error.new(error_type: 'PermanentError') }.to raise_error(TypeError, /message is missing/)
    expect { results.checkpoint_yield(cursor: 1, items_processed: -1) }.to raise_error(TypeError)
    expect { results::Success.new(resul: 1) }.to raise_error(TypeError, /no attribute resul; known: success/)
  end

  it 'is tolerant in failure' do
    expect(results.failure(message: 'm', error_type: 'validation_error').error_type).to eq('ValidationError')
    own = results.failure(message: 'm', error_type: 'card_declined', retryable: true)
    expect(own.error_type).to eq('RetryableError')
    expect(own.metadata[:original_error_type]).to eq('card_declined')
    expect(results.failure(message: 'm', error_type: 'x').error_type).to eq('PermanentError')
    expect(results.failure(message: 'm').error_type).to eq('UnexpectedError')
  end

  it 'reads exceptions' do
    errors = TaskerCore::Errors
    validation = results.from_exception(errors::ValidationError.new('bad', field: 'a', error_code: 'V'))
    expect(validation.to_h).to include(error_type: 'PermanentError', retryable: false, error_code: 'V')
    retryable = results.from_exception(errors::RetryableError.new('later', retry_after: 3))
    expect(retryable.metadata).to include(retry_after: 3)
    unexpected = results.from_exception(KeyError.new('key'))
    expect(unexpected.to_h).to include(error_type: 'UnexpectedError', retryable: true)
    expect(unexpected.metadata).to include(exception_class: 'KeyError')
  end

  it 'names error types' do
    types = TaskerCore::Types::ErrorTypes
    expect(types::ALL.size).to eq(5)
    expect([types.valid?('RetryableError'), types.valid?('x')]).to eq([true, false])
    expect([types.typically_retryable?('UnexpectedError'), types.typically_permanent?('ValidationError')]).to eq([true, true])
  end

  it 'has outcomes' do
    outcome = TaskerCore::Types::DecisionPointOutcome.from_hash('type' => 'create_steps', 'step_names' => ['a'])
    expect(outcome.to_h).to eq(type: 'create_steps', step_names: ['a'])
    expect(outcome).to be_requires_step_creation
    expect(TaskerCore::Types::DecisionPointOutcome.from_hash('type' => 'x')).to be_nil
    [[], [1], ['']].each do |names|
      expect { TaskerCore::Types::DecisionPointOutcome.create_steps(names) }.to raise_error(TypeError)
    end
    expect(TaskerCore::Types::BatchProcessingOutcome.no_batches.to_h).to eq('type' => 'no_batches')
  end

  it 'has the errors of the contract' do
    errors = TaskerCore::Errors
    error = errors::NotFoundError.new('m', resource_type: 'order', error_code: 'N', order_id: 7)
    expect([error.resource_type, error.error_code, error.context, error.error_class]).to eq(['order', 'N', { order_id: 7 }, 'NotFoundError'])
    expect(errors::NotFoundError.ancestors).to include(errors::PermanentError, errors::ProceduralError, errors::Error, StandardError)
    expect { raise errors::PermanentError, 'msg' }.to raise_error(errors::PermanentError, 'msg')
    expect(errors::TimeoutError.new('m', timeout_duration: 3).timeout_duration).to eq(3)
    expect(errors::NetworkError.new('m', status_code: 503).status_code).to eq(503)
    expect(errors::ServerError.new('m', operation: 'get').operation).to eq('get')
    retryable = ->(error_class) { errors::ErrorClassifier.retryable?(error_class.new('m')) }
    expect([errors::ConfigurationError, errors::PermanentError, errors::ValidationError, errors::NotFoundError, errors::DatabaseError].map(&retryable).uniq).to eq([false])
    expect([errors::RetryableError, errors::NetworkError, errors::TimeoutError, RuntimeError].map(&retryable).uniq).to eq([true])
  end
end

RSpec.describe TaskerCore::Types::StepContext do
  let(:context) do
    step_context(input: { a: { b: 1 }, none: nil, no: false }, config: { region: 'eu' }, step_inputs: { k: 1 },
                 dependencies: { 'one' => { 'result' => 5, 'list' => [{ 'x' => 1 }] }, 'batch_001' => 1, 'batch_002' => nil },
                 retry_count: 2, max_retries: 3, checkpoint: { cursor: 4, items_processed: 4, accumulated_results: [1] })
  end

  it 'reads inputs, configuration and dependencies' do
    expect(context.get_input('a')[:b]).to eq(1)
    expect(context.get_task_field(:a)['b']).to eq(1)
    expect([context.get_input_or('none', 3), context.get_input_or('missing', 4), context.get_input_or('no', 5)]).to eq([3, 4, false])
    expect([context.get_config(:region), context.step_config['region'], context.input_data[:k], context.step_inputs['k']]).to eq(['eu', 'eu', 1, 1])
    expect(context.get_dependency_result(:one)).to eq('result' => 5, 'list' => [{ 'x' => 1 }])
    expect(context.get_dependency_field('one', :list, 0, 'x')).to eq(1)
    expect(context.get_dependency_field('one', 'nope', 'deeper')).to be_nil
    expect(context.get_dependency_result('nobody')).to be_nil
    expect(context.get_all_dependency_results('batch_')).to eq([1])
    expect(context.dependency_results.get_result('batch_001')).to include('status' => 'completed')
  end

  it 'knows retries and checkpoints' do
    expect([context.retry_count, context.max_retries, context.is_retry?, context.is_last_retry?]).to eq([2, 3, true, true])
    expect([context.has_checkpoint?, context.checkpoint_cursor, context.checkpoint_items_processed, context.accumulated_results]).to eq([true, 4, 4, [1]])
    fresh = step_context
    expect([fresh.is_retry?, fresh.is_last_retry?, fresh.has_checkpoint?, fresh.checkpoint_items_processed]).to eq([false, false, false, 0])
  end

  it 'works when it is allocated and filled by hand' do
    made = described_class.allocate
    made.instance_variable_set(:@task, TaskerCore::Models::TaskWrapper.new('context' => { 'a' => 1 }))
    expect(made.get_input(:a)).to eq(1)
    doubled = instance_double(TaskerCore::Models::TaskSequenceStepWrapper, get_task_field: 1)
    expect(doubled.get_task_field('a')).to eq(1)
  end

  it 'tells about cancelling and progress' do
    probe = TaskerCore::Testing::StepProbe.new
    running = step_context(probe: probe)
    expect(running).not_to be_cancelled
    running.report_progress(done: 1, total: 2, message: 'x')
    expect(probe.progress).to eq([1, 2, 'x'])
    expect { running.report_progress(done: Float::NAN) }.to raise_error(ArgumentError)
    probe.cancel!
    expect(running).to be_cancelled
    expect { running.raise_if_cancelled! }.to raise_error(TaskerCore::Errors::StepCancelledError)
    expect(step_context).not_to be_cancelled
  end
end

# frozen_string_literal: true

RSpec.describe TaskerCore::StepHandler do
  let(:errors) { TaskerCore::Errors }

  describe TaskerCore::StepHandler::Base do
    let(:handler) { stub_const('ChargeCardHandler', Class.new(described_class)).new(config: { a: 1 }) }

    it 'has names, results and a description' do
      expect(handler.handler_name).to eq('charge_card_handler')
      expect(handler.config).to eq(a: 1)
      expect(handler.success(result_data: { b: 2 }).result).to eq(b: 2)
      expect(handler.success(result: false).result).to be(false)
      expect { handler.success }.to raise_error(ArgumentError)
      expect(handler.failure(message: 'm').retryable).to be(false)
      expect(handler.metadata).to include(version: '1.0.0', capabilities: ['process'])
      expect { handler.call(nil) }.to raise_error(NotImplementedError)
    end
  end

  describe TaskerCore::StepHandler::Decision do
    let(:handler) { described_class.new }

    it 'chooses, skips and refuses' do
      result = handler.decision_success(steps: %w[a b], result_data: { x: 1 }, routing_context: { k: 1 })
      expect(result.result).to eq(x: 1, decision_point_outcome: { type: 'create_steps', step_names: %w[a b] }, routing_context: { k: 1 })
      expect(result.metadata).to include(outcome_type: 'create_steps', branches_created: 2, processed_by: 'decision')
      expect(handler.skip_branches('nothing').result).to eq(decision_point_outcome: { type: 'no_branches' }, reason: 'nothing')
      expect(handler.decision_with_custom_outcome(outcome: { 'type' => 'no_branches' }).result).to eq(decision_point_outcome: { type: 'no_branches' })
      [[], [nil], [1]].each do |steps|
        expect { handler.decision_success(steps: steps) }.to raise_error(errors::PermanentError, /Invalid decision point outcome: /)
      end
      expect { handler.validate_decision_outcome!('x') }.to raise_error(errors::PermanentError)
      expect(handler.decision_failure(message: 'm').to_h).to include(error_type: 'PermanentError', retryable: false)
    end
  end

  describe TaskerCore::StepHandler::Batchable do
    let(:handler) { described_class.new }

    it 'cuts work into ranges' do
      expect(handler.create_cursor_configs(100, 3).map { |cursor| cursor['batch_size'] }).to eq([34, 34, 32])
      expect(handler.create_cursor_configs(0, 2).map { |cursor| cursor['batch_size'] }).to eq([0, 0])
      expect(handler.create_cursor_configs(4, 2) { |cursor, index| cursor['index'] = index }.last).to include('index' => 1)
      expect(handler.create_cursor_ranges(5, 2).map { |cursor| [cursor['start_cursor'], cursor['end_cursor']] }).to eq([[0, 2], [2, 4], [4, 5]])
      expect(handler.create_cursor_ranges(0, 2)).to eq([])
      expect { handler.create_cursor_ranges(1, 0) }.to raise_error(ArgumentError)
      expect(handler.no_batches_outcome(reason: 'r', metadata: { 'm' => 1 }).result).to eq('batch_processing_outcome' => { 'type' => 'no_batches' }, 'reason' => 'r', 'm' => 1)
    end

    it 'counts or takes the result as it is' do
      context = step_context(step_inputs: { cursor: { batch_id: '001', start_cursor: 0, end_cursor: 5 } })
      batch = handler.get_batch_context(context)
      expect(handler.batch_worker_success(batch, result: { 'rows' => 5 }).result).to eq('rows' => 5)
      counted = handler.batch_worker_success(items_processed: 5, items_succeeded: 4, items_failed: 1, metadata: { 'x' => 1 })
      expect(counted.result).to include('items_processed' => 5, 'items_succeeded' => 4, 'items_failed' => 1, 'items_skipped' => 0, 'x' => 1)
      expect(counted.result).not_to have_key('errors')
      expect { handler.batch_worker_success }.to raise_error(ArgumentError)
      expect(handler.handle_no_op_worker(context)).to be_nil
    end

    it 'aggregates' do
      results = { 'analyze' => { 'result' => { 'x' => 1 } }, 'work_001' => { 'result' => { 'n' => 2 } }, 'work_002' => { 'result' => { 'n' => 3 } } }
      scenario = handler.detect_aggregation_scenario(results, 'analyze', 'work_')
      expect([scenario.type, scenario.worker_count, scenario.with_batches?]).to eq([:with_batches, 2, true])
      total = handler.aggregate_batch_worker_results(scenario) { |found| { 'n' => found.values.sum { |one| one['n'] } } }
      expect(total.result).to eq('n' => 5, 'worker_count' => 2, 'scenario' => 'with_batches')
      none = handler.detect_aggregation_scenario({ 'analyze' => { 'result' => {} } }, 'analyze', 'work_')
      expect(handler.aggregate_batch_worker_results(none, zero_metrics: { 'n' => 0 }).result).to eq('n' => 0, 'worker_count' => 0, 'scenario' => 'no_batches')
      placeholder = { 'analyze' => { 'result' => {} }, 'work_000' => { 'result' => { 'no_op' => true } } }
      expect(handler.detect_aggregation_scenario(placeholder, 'analyze', 'work_')).to be_no_batches
    end

    {
      {} => 'Missing cursor configuration',
      { start_cursor: 0, end_cursor: 1 } => 'Missing batch_id',
      { batch_id: '1', end_cursor: 1 } => 'Missing start_cursor',
      { batch_id: '1', start_cursor: 1 } => 'Missing end_cursor',
      { batch_id: '1', start_cursor: 1, end_cursor: 'x' } => 'Mixed cursor types not allowed: start=Integer, end=String',
      { batch_id: '1', start_cursor: -1, end_cursor: 1 } => 'start_cursor must be non-negative, got -1',
      { batch_id: '1', start_cursor: 0, end_cursor: -1 } => 'end_cursor must be non-negative, got -1',
      { batch_id: '1', start_cursor: 5, end_cursor: 1 } => 'start_cursor (5) must be <= end_cursor (1)'
    }.each do |cursor, message|
      it("says: #{message}") do
        expect { handler.get_batch_context(step_context(step_inputs: { cursor: cursor })) }.to raise_error(ArgumentError, message)
      end
    end

    it 'takes cursors that are no integers as they are' do
      batch = handler.get_batch_context(step_context(step_inputs: { cursor: { batch_id: 'a', start_cursor: 'b', end_cursor: 'c' } }))
      expect([batch.start_cursor, batch.end_cursor, batch.cursor['start_cursor']]).to eq(%w[b c b])
    end
  end

  describe TaskerCore::StepHandler::Functional do
    it 'passes what the block declares' do
      all = described_class.step_handler('all', inputs: [:a]) { |**given| { keys: given.keys } }
      expect(call_handler(all, input: { a: 1 }).result).to eq(keys: %i[a context])
      under = described_class.step_handler('under', inputs: %i[a b]) { |_a:, context:| { a: _a, name: context.handler_name } } # rubocop:disable Lint/UnderscorePrefixedVariableName
      expect(call_handler(under, input: { a: 1 }).result).to eq(a: 1, name: 'handler')
      nothing = described_class.step_handler('nothing') { nil }
      expect(call_handler(nothing).result).to eq({})
      expect { described_class.step_handler('x') }.to raise_error(ArgumentError, 'block required')
    end

    it 'builds models from inputs and dependencies' do
      order = Struct.new(:id, :total, keyword_init: true) { def validate! = total || raise('no total') }
      handler = described_class.step_handler('x', depends_on: { loaded: ['load', order] }, inputs: order) do |loaded:, inputs:|
        [loaded.total, inputs.id]
      end
      result = call_handler(handler, input: { id: 7, total: 1, more: 2 }, dependencies: { load: { total: 5, other: 1 } })
      expect(result.result).to eq(result: [5, 7])
      expect(call_handler(handler, input: { id: 7 }).to_h).to include(success: false, message: 'no total')
    end

    it 'converts what blocks return' do
      result = ->(value) { call_handler(described_class.step_handler('x') { value }).result }
      expect([result.call(5), result.call({ a: 1 }), result.call(Struct.new(:a).new(1))]).to eq([{ result: 5 }, { a: 1 }, { a: 1 }])
      failed = call_handler(described_class.step_handler('x') { raise errors::PermanentError.new('no', error_code: 'E') })
      expect(failed.to_h).to include(error_type: 'PermanentError', error_code: 'E')
    end

    it 'has batch forms' do
      analyzer = described_class.batch_analyzer('a', worker_template: 'w', inputs: [:n]) { |n:| described_class::BatchConfig.new(total_items: n, batch_size: 2) }
      expect(call_handler(analyzer, input: { n: 3 }).result['batch_processing_outcome']).to include('worker_template_name' => 'w', 'worker_count' => 2)
      expect(call_handler(analyzer, input: { n: 0 }).result['batch_processing_outcome']).to eq('type' => 'no_batches')
      worker = described_class.batch_worker('w') { |batch_context:| { size: batch_context.end_cursor - batch_context.start_cursor } }
      expect(call_handler(worker, step_inputs: { cursor: { batch_id: '1', start_cursor: 1, end_cursor: 4 } }).result).to eq(size: 3)
      expect(call_handler(worker, step_inputs: { is_no_op: true }).result).to include('no_op' => true)
    end

    it 'can be included in a module' do
      mod = Module.new { include TaskerCore::StepHandler::Functional }
      expect(mod.step_handler('x') { 1 }.handler_name).to eq('x')
      expect(mod.const_get(:Decision)).to be(described_class::Decision)
      expect(mod.step_handler('x', version: '2.0.0') { 1 }::VERSION).to eq('2.0.0')
    end
  end

  it 'has the older names' do
    steps = TaskerCore::Handlers::Steps
    expect(steps::API).to be(described_class::Api)
    expect(steps.create(steps::Base, a: 1).config).to eq(a: 1)
    expect([steps.validate(ReserveSeatHandler), steps.validate(String)]).to eq([true, false])
  end

  describe 'API handlers, raising style' do
    let(:requests) { [] }

    def api(behaviour, **config)
      server = HttpServer.open { |request| (requests << request) && behaviour }
      yield described_class::Api.new(config: { url: server.url, **config })
    ensure
      server.close
    end

    it 'sends JSON, parameters, headers and credentials' do
      api({ status: 200, body: { ok: true } }, headers: { 'X-A' => '1' }, auth: { type: 'bearer', token: 't' }) do |handler|
        expect(handler.post('/things', data: { a: 'ë' }, headers: { 'X-B' => '2' }).body).to eq('ok' => true)
        expect(handler.get('/q', params: { a: 1 }).status).to eq(200)
        handler.put('/p', data: {})
        handler.patch('/p', data: {})
        handler.delete('/d', params: { x: 1 })
      end
      expect(requests.map { |request| "#{request[:method]} #{request[:path]}" })
        .to eq(['POST /things', 'GET /q?a=1', 'PUT /p', 'PATCH /p', 'DELETE /d?x=1'])
      expect(requests[0][:headers]).to include('content-type' => 'application/json', 'x-a' => '1', 'x-b' => '2', 'authorization' => 'Bearer t')
      expect(requests[0][:body].force_encoding('UTF-8')).to eq('{"a":"ë"}')
    end

    it 'raises by status' do
      api({ status: 422, body: { error: 'no' } }) do |handler|
        expect { handler.get('/') }.to raise_error(errors::PermanentError, 'HTTP 422: no') { |error| expect(error.error_code).to eq('HTTP_422') }
      end
      api({ status: 429, headers: { 'Retry-After' => '9' } }) do |handler|
        expect { handler.get('/') }.to raise_error(errors::RetryableError) { |error| expect(error.retry_after).to eq(9) }
      end
      api({ status: 200, body: 1, delay_ms: 30_000 }, timeout: 0.2) { |handler| expect { handler.get('/') }.to raise_error(errors::TimeoutError) }
      refused = described_class::Api.new(config: { url: "http://127.0.0.1:#{HttpServer.refused_port}" })
      expect { refused.get('/') }.to raise_error(errors::NetworkError)
    end

    it 'follows cursors and uploads files' do
      pages = [{ 'items' => [1], 'next_cursor' => 'b' }, { 'items' => [2], 'next_cursor' => nil }]
      server = HttpServer.open { |request| { status: 200, body: request[:path].include?('cursor=b') ? pages[1] : pages[0] } }
      seen = []
      described_class::Api.new(config: { url: server.url }).api_paginated_request('/list') { |page| seen.concat(page.body['items']) }
      server.close
      expect(seen).to eq([1, 2])
      file = File.join(folder, 'a.txt').tap { |path| File.write(path, 'content') }
      api({ status: 201 }) { |handler| handler.api_upload_file('/files', file, additional_fields: { 'a' => '1' }) }
      expect(requests.last[:headers]['content-type']).to start_with('multipart/form-data')
      expect(requests.last[:body]).to include('content', 'filename="a.txt"')
    end

    it 'makes results without a response, too' do
      handler = described_class::Api.new
      expect(handler.api_success(data: { a: 1 }, status: 201).to_h).to include(result: { 'data' => { a: 1 }, 'status' => 201, 'headers' => {}, 'execution_time_ms' => nil }, metadata: { api_call: true })
      expect(handler.api_failure(message: 'm', status: 503).to_h).to include(error_type: 'RetryableError', retryable: true)
      expect(handler.api_failure(message: 'm', status: 404).to_h).to include(error_type: 'PermanentError', retryable: false)
      expect(handler.api_failure(message: 'm').to_h).to include(error_type: 'UnexpectedError', retryable: false)
    end
  end
end

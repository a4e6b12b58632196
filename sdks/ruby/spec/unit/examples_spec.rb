# frozen_string_literal: true

# The must-run examples of the SDK contract, and the seed page's snippets.
RSpec.describe 'examples' do
  describe 'R1' do
    it 'reads strings and symbols and reports what it raises' do
      sent = run_step(ReserveSeatHandler, input: { seats: 2 }, dependencies: { find_room: { id: 'A1' } }, attempt: 3)
      expect(sent).to include('result' => { 'room' => 'A1', 'seats' => 2 })
      expect(sent['metadata']).to include('last_try' => true, 'handler_version' => '2.1.0')
      locked = run_step(ReserveSeatHandler, dependencies: { find_room: { locked: true } })['error']
      expect(locked).to include('retryable' => true, 'retry_after_seconds' => 7)
      bad = run_step(ReserveSeatHandler, input: { seats: 0 })['error']
      expect(bad).to include('retryable' => false, 'error_code' => 'BAD_SEATS')
    end

    it 'resolves under both names' do
      registry = TaskerCore::Registry::HandlerRegistry.new
      registry.register_loaded_classes
      expect(registry.resolve_handler('reserve_seat_handler')).to be_a(ReserveSeatHandler)
      expect(registry.resolve_handler('ReserveSeatHandler')).to be_a(ReserveSeatHandler)
    end
  end

  it 'R2 runs without ActiveSupport, under both names' do
    values = { input: { weight_kg: 2.5 }, dependencies: { load_rates: { per_kg: 3 } } }
    expect(call_handler(Shipping::QuoteShipping, **values).result).to eq(price: 7.5)
    registry = TaskerCore::Registry::HandlerRegistry.new
    registry.register_loaded_classes
    %w[quote_shipping Shipping::QuoteShipping Shipping.QuoteShipping].each do |name|
      expect(registry.resolve_handler(name)).to be_a(Shipping::QuoteShipping)
    end
  end

  it 'R3 decides the same in both forms' do
    [TriageHandler, Triage].each do |handler|
      outcome = run_step(handler, input: { score: 12 })['result']['decision_point_outcome']
      expect(outcome).to eq('type' => 'create_steps', 'step_names' => ['archive'])
      expect(run_step(handler, input: { score: 81 })['result']['decision_point_outcome']['step_names']).to eq(['escalate'])
      expect(run_step(handler)['result']).to include('decision_point_outcome' => { 'type' => 'no_branches' }, 'reason' => 'no score')
    end
    expect(call_handler(TriageHandler, input: { score: 1 }).result[:decision_point_outcome]).to eq(type: 'create_steps', step_names: ['archive'])
  end

  it 'R4 covers all rows and adds up, over checkpoints' do
    outcome = run_step(SplitRows, input: { rows: 100 })['result']['batch_processing_outcome']
    cursors = outcome['cursor_configs']
    expect(cursors.map { |cursor| cursor['batch_id'] }).to eq(%w[001 002 003])
    expect(cursors.flat_map { |cursor| (cursor['start_cursor']...cursor['end_cursor']).to_a }).to eq((0...100).to_a)
    total = cursors.sum do |cursor|
      checkpoint = nil
      loop do
        sent = run_step(SumRange, step_inputs: { cursor: cursor }, checkpoint: checkpoint)
        break sent['result']['total'] if sent['status'] == 'completed'

        checkpoint = sent['checkpoint']
      end
    end
    expect(total).to eq(4950)
    expect(run_step(SplitRows, input: { rows: 0 })['result']['batch_processing_outcome']).to eq('type' => 'no_batches')
    expect(run_step(SumRange, step_inputs: { is_no_op: true, cursor: { batch_id: '000' } })['result']).to include('no_op' => true)
  end

  describe 'R5' do
    def fetch_rate(url)
      TaskerCore::StepHandler::Functional.api_handler('fetch_rate', base_url: url, timeout: 2, inputs: [:currency]) do |api:, currency:, context:|
        response = api.get('/rate', params: { c: currency })
        { rate: response.body['rate'], attempt: context.retry_count }
      end
    end

    def sent_for(behaviour)
      server = HttpServer.open { behaviour }
      run_step(fetch_rate(server.url), input: { currency: 'EUR' }).tap { expect(server.requests.first[:path]).to eq('/rate?c=EUR') }
    ensure
      server.close
    end

    it 'parses JSON and classifies failures' do
      expect(sent_for({ status: 200, body: { rate: 1.5 } })['result']).to eq('rate' => 1.5, 'attempt' => 0)
      expect(sent_for({ status: 404 })['error']).to include('retryable' => false, 'error_code' => 'HTTP_404')
      expect(sent_for({ status: 503, headers: { 'Retry-After' => '12' } })['error'])
        .to include('retryable' => true, 'retry_after_seconds' => 12, 'message' => 'HTTP 503: Service Unavailable')
      expect(sent_for({ status: 501 })['error']).to include('retryable' => true)
      refused = run_step(fetch_rate("http://127.0.0.1:#{HttpServer.refused_port}"), input: { currency: 'EUR' })
      expect(refused['error']).to include('retryable' => true)
    end
  end

  it 'R6 calls another method' do
    expect(run_step(LedgerHandler, input: { amount: 5 }, method: 'refund')['result']).to eq('booked' => -5)
    expect(run_step(LedgerHandler, input: { amount: 5 })['result']).to eq('booked' => 5)
  end

  describe 'the seed page' do
    it 'step handler' do
      expect(run_step(Seed::ProcessPaymentHandler)['result']).to eq('processed' => true, 'handler' => 'process_payment')
    end

    it 'API handler' do
      server = HttpServer.open { |request| { status: request[:path] == '/orders/7' ? 200 : 503, body: { id: 7 } } }
      config = { url: server.url }
      expect(run_step(Seed::FetchOrderHandler, input: { order_id: 7 }, config: config)['result']).to eq('id' => 7)
      expect(run_step(Seed::FetchOrderHandler, input: { order_id: 8 }, config: config)['error']['retryable']).to be(true)
      server.close
      refused = run_step(Seed::FetchOrderHandler, input: { order_id: 7 }, config: config)['error']
      expect(refused).to include('retryable' => true, 'message' => /\AConnection error while fetching order: /)
      expect(Seed::FetchOrderHandler.base_url).to eq('https://api.example.com')
    end

    it 'decision handler' do
      { 'premium' => %w[validate_premium process_premium], 'x' => ['standard_processing'] }.each do |type, steps|
        result = run_step(Seed::OrderRoutingHandler, input: { order_type: type })['result']
        expect(result['decision_point_outcome']['step_names']).to eq(steps)
      end
      result = run_step(Seed::OrderRoutingHandler, input: { order_type: 'review_required' })['result']
      expect(result['routing_context']).to eq('order_type' => 'review_required')
    end

    it 'batch handlers' do
      sent = run_step(Seed::CsvAnalyzerHandler, input: { total_rows: 250 }, worker_template_names: ['process_csv_batch'])
      outcome = sent['result']['batch_processing_outcome']
      expect(outcome).to include('worker_template_name' => 'process_csv_batch', 'worker_count' => 3, 'total_items' => 250)
      rows = outcome['cursor_configs'].to_h do |cursor|
        ["process_csv_batch_#{cursor['batch_id']}", run_step(Seed::CsvBatchProcessorHandler, step_inputs: { cursor: cursor })['result']]
      end
      aggregated = run_step(Seed::CsvResultsAggregatorHandler, dependencies: rows.merge('analyze_csv' => sent['result']))
      expect(aggregated['result']).to eq('total_rows' => 250, 'worker_count' => 3)
      none = { 'analyze_csv' => { batch_processing_outcome: { type: 'no_batches' } } }
      expect(run_step(Seed::CsvResultsAggregatorHandler, dependencies: none)['result']).to eq('total_rows' => 0, 'skipped' => true)
    end
  end

  it 'order_processing.rb loads and runs' do
    require_relative '../../examples/order_processing'
    items = [{ sku: 'A', quantity: 2 }]
    expect(run_step(ReserveInventoryHandler, input: { items: items })['result']['lines'])
      .to eq([{ 'sku' => 'A', 'quantity' => 2, 'warehouse' => 'north' }])
    totals = { validate_order: { total_cents: 1250, currency: 'EUR' } }
    paid = run_step(AuthorizePaymentHandler, input: { payment: { token: 'tok_1' } }, dependencies: totals)
    expect(paid['result']).to include('amount_cents' => 1250, 'currency' => 'EUR')
    bad = run_step(AuthorizePaymentHandler, input: { payment: { token: 'x' } }, dependencies: totals)
    expect(bad['error']).to include('error_code' => 'BAD_TOKEN', 'retryable' => false)
    order = { create_order: { order_number: 'O-1', total_cents: 1250 } }
    mail = run_step(ConfirmOrderHandler, input: { customer: { email: 'a@b.c', name: 'Zoë' }, currency: 'EUR' }, dependencies: order)
    expect(mail['result']['text']).to eq('Thank you, Zoë: 12.50 EUR are on their way.')
  end
end

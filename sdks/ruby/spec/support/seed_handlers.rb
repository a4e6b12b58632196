# frozen_string_literal: true

# The seed page's snippets in Ruby, and the must-run examples of the SDK contract (R1 to R6).
module Seed
  SH = TaskerCore::StepHandler

  class ProcessPaymentHandler < SH::Base
    VERSION = '1.0.0'

    def call(context)
      _input = context.context
      success(result: { processed: true, handler: 'process_payment' })
    end
  end

  class FetchOrderHandler < SH::Base
    include SH::Mixins::API
    base_url 'https://api.example.com'
    default_timeout 30.0

    def call(context)
      response = api_get("/orders/#{context.get_input('order_id')}")
      response.ok? ? api_success(response) : api_failure(response)
    rescue Faraday::TimeoutError => e
      timeout_error(e, 'fetching order')
    rescue Faraday::ConnectionFailed => e
      connection_error(e, 'fetching order')
    end
  end

  class OrderRoutingHandler < SH::Base
    include SH::Mixins::Decision

    def call(context)
      case (type = context.context['order_type'])
      when 'premium'
        decision_success(steps: %w[validate_premium process_premium], routing_context: { order_type: type })
      when 'review_required'
        decision_success(steps: %w[manual_review approval_gate], routing_context: { order_type: type })
      else decision_success(steps: ['standard_processing'])
      end
    end
  end

  class CsvAnalyzerHandler < SH::Base
    include SH::Mixins::Batchable

    def call(context)
      outcome = create_batch_outcome(total_items: context.context.fetch('total_rows', 10_000).to_i, batch_size: 100)
      batch_analyzer_success(outcome)
    end
  end

  class CsvBatchProcessorHandler < SH::Base
    include SH::Mixins::Batchable

    def call(context)
      batch_context = get_batch_worker_context(context)
      cursor = batch_context.cursor
      batch_worker_success(batch_context, result: { rows_processed: cursor[:end_cursor] - cursor[:start_cursor] })
    end
  end

  class CsvResultsAggregatorHandler < SH::Base
    include SH::Mixins::Batchable

    def call(context)
      scenario = TaskerCore::BatchProcessing::BatchAggregationScenario.detect(
        context.dependency_results, 'analyze_csv', 'process_csv_batch_'
      )
      return success(result: { total_rows: 0, skipped: true }) if scenario.is_no_batches

      total = scenario.batch_results.values.sum { |result| result['rows_processed'] || 0 }
      success(result: { total_rows: total, worker_count: scenario.worker_count })
    end
  end
end

class ReserveSeatHandler < TaskerCore::StepHandler::Base
  VERSION = '2.1.0'

  def call(context)
    seats = context.get_input_or('seats', 1)
    raise TaskerCore::Errors::PermanentError.new('seats must be at least 1', error_code: 'BAD_SEATS') if seats < 1

    room = context.get_dependency_result('find_room') || {}
    raise TaskerCore::Errors::RetryableError.new('room is locked', retry_after: 7) if room['locked']

    success(result: { room: room[:id], seats: seats }, metadata: { last_try: context.is_last_retry? })
  end
end

module Shipping
  extend TaskerCore::StepHandler::Functional

  QuoteShipping = step_handler('quote_shipping', depends_on: { rates: 'load_rates' }, inputs: [:weight_kg]) do |rates:, weight_kg:|
    { price: (weight_kg * rates['per_kg']).round(2) }
  end
end

class TriageHandler < TaskerCore::StepHandler::Decision
  def call(context)
    score = context.get_input('score')
    return skip_branches(result_data: { reason: 'no score' }) if score.nil?

    decision_success(steps: score > 80 ? 'escalate' : 'archive', result_data: { score: score })
  end
end

Triage = TaskerCore::StepHandler::Functional.decision_handler('triage', inputs: [:score]) do |score:, _context:|
  d = TaskerCore::StepHandler::Functional::Decision
  score.nil? ? d.skip('no score') : d.route([score > 80 ? 'escalate' : 'archive'], score: score)
end

class SplitRows < TaskerCore::StepHandler::Batchable
  def call(context)
    rows = context.get_input('rows').to_i
    return no_batches_outcome(reason: 'empty') if rows.zero?

    create_batches_outcome(worker_template_name: 'sum_range', cursor_configs: create_cursor_configs(rows, 3), total_items: rows)
  end
end

class SumRange < TaskerCore::StepHandler::Batchable
  def call(context)
    batch = get_batch_context(context)
    no_op = handle_no_op_worker(batch)
    return no_op if no_op

    from = batch.has_checkpoint? ? batch.checkpoint_cursor : batch.start_cursor
    upto = [from + 10, batch.end_cursor].min
    total = ((batch.accumulated_results || {})['total'] || 0) + (from...upto).sum
    done = upto - batch.start_cursor
    return checkpoint_yield(cursor: upto, items_processed: done, accumulated_results: { 'total' => total }) if upto < batch.end_cursor

    batch_worker_success(items_processed: done, items_succeeded: done, metadata: { 'total' => total })
  end
end

class LedgerHandler < TaskerCore::StepHandler::Base
  def call(context) = success(result: { booked: context.get_input('amount') })
  def refund(context) = success(result: { booked: -context.get_input('amount') })
end

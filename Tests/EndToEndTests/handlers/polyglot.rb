# frozen_string_literal: true

# The same handlers as in polyglot.py, polyglot.mjs and PolyglotHandlers.swift, under the same names.
require 'tasker_core'

module Polyglot
  class Step < TaskerCore::StepHandler::Base
    def handler_name = 'poly.step'

    def call(context)
      record(context, context.get_input('record_path')) if context.get_input('record_path')
      success(result: { language: 'ruby' })
    end

    private

    # One line per start, in one write.
    def record(context, path)
      File.open(path, File::WRONLY | File::CREAT | File::APPEND) do |file|
        file.syswrite("#{context.step_uuid} #{context.retry_count + 1} #{context.event.event_id} #{Process.pid}\n")
      end
    end
  end

  class Echo < TaskerCore::StepHandler::Base
    def handler_name = 'poly.echo'

    def call(context) = success(result: { value: context.get_input('value') })
  end

  class Route < TaskerCore::StepHandler::Decision
    def handler_name = 'poly.route'

    def call(context)
      amount = context.get_input('amount')
      return skip_branches(reason: 'nothing to approve') if amount.zero?

      decision_success(steps: amount < 1000 ? %w[auto] : %w[manager finance], routing_context: { amount: amount })
    end
  end

  class Analyze < TaskerCore::StepHandler::Batchable
    def handler_name = 'poly.analyze'

    def call(context)
      batch_analyzer_success(create_batch_outcome(total_items: context.get_input('rows'), batch_size: 100))
    end
  end

  class Batch < TaskerCore::StepHandler::Batchable
    def handler_name = 'poly.batch'

    def call(context)
      batch = get_batch_worker_context(context)
      start = context.has_checkpoint? ? context.checkpoint_cursor : batch.start_cursor
      stop = [start + 40, batch.end_cursor].min
      total = ((context.accumulated_results || {})['sum'] || 0) + (start...stop).sum
      if stop < batch.end_cursor
        return checkpoint_yield(cursor: stop, items_processed: stop - batch.start_cursor,
                                accumulated_results: { sum: total })
      end

      batch_worker_success(batch, result: { sum: total, rows: batch.end_cursor - batch.start_cursor })
    end
  end

  class Aggregate < TaskerCore::StepHandler::Batchable
    def handler_name = 'poly.aggregate'

    def call(context)
      scenario = detect_aggregation_scenario(context.dependency_results, 'analyze', 'process_')
      return success(result: { total: 0, workers: 0 }) if scenario.no_batches?

      total = scenario.batch_results.values.sum { |result| result['sum'] }
      success(result: { total: total, workers: scenario.worker_count })
    end
  end
end

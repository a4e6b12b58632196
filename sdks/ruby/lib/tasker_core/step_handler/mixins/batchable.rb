# frozen_string_literal: true

require 'tasker_core/batch_processing/batch_aggregation_scenario'
require 'tasker_core/batch_processing/batch_worker_context'
require 'tasker_core/types'

module TaskerCore
  module StepHandler
    module Mixins
      # Analyzers, workers and aggregators of batches.
      module Batchable
        # -- Analyzer

        # One share per worker, as equal as possible, as hashes with string keys. A block may change each. Without items
        # every worker gets an empty range.
        def create_cursor_configs(total_items, worker_count)
          raise ArgumentError, "worker_count must be > 0, got #{worker_count}" unless worker_count.positive?

          size = (total_items.to_f / worker_count).ceil
          Array.new(worker_count) do |index|
            first = [index * size, total_items].min
            cursor = cursor_config(index, first, [first + size, total_items].min)
            yield(cursor, index) if block_given?
            cursor
          end
        end

        # Ranges of +batch_size+ items; the last may be shorter.
        def create_cursor_ranges(total_items, batch_size)
          raise ArgumentError, "batch_size must be > 0, got #{batch_size}" unless batch_size.positive?

          (0...total_items).step(batch_size).each_with_index.map do |first, index|
            cursor_config(index, first, [first + batch_size, total_items].min)
          end
        end

        # The outcome for +batch_analyzer_success+; no items give +no_batches+.
        def create_batch_outcome(total_items:, batch_size:)
          cursors = create_cursor_ranges(total_items, batch_size)
          return Types::BatchProcessingOutcome.no_batches if cursors.empty?

          Types::BatchProcessingOutcome.create_batches(cursor_configs: cursors, total_items:)
        end

        # Start one worker per range. Without a template name the only one that can be meant is used.
        def batch_analyzer_success(outcome, worker_template_name: nil, metadata: {})
          return no_batches_outcome(reason: 'empty_dataset', metadata:) unless outcome.requires_batch_creation?

          create_batches_outcome(worker_template_name: worker_template_name || outcome.worker_template_name,
                                 cursor_configs: outcome.cursor_configs, total_items: outcome.total_items,
                                 metadata:)
        end

        # Nothing to do; +metadata+ is merged into the result.
        def no_batches_outcome(reason:, metadata: {})
          success(result: { 'batch_processing_outcome' => Types::BatchProcessingOutcome.no_batches.to_h,
                            'reason' => reason }.merge(metadata || {}), metadata: { batch_analyzer: true })
        end

        # Start one worker per cursor; +metadata+ is merged into the result.
        def create_batches_outcome(cursor_configs:, total_items:, worker_template_name: nil, metadata: {})
          outcome = Types::BatchProcessingOutcome.create_batches(
            worker_template_name:, cursor_configs:, total_items:
          )
          success(result: { 'batch_processing_outcome' => outcome.to_h, 'worker_count' => cursor_configs.size,
                            'total_items' => total_items }.merge(metadata || {}), metadata: { batch_analyzer: true })
        end

        # -- Worker

        # The worker's share. Raises ArgumentError when the step has none.
        def get_batch_context(context)
          step = context.respond_to?(:workflow_step) ? context.workflow_step : context
          BatchProcessing::BatchWorkerContext.from_step_data(step)
        end
        alias get_batch_worker_context get_batch_context

        # The result of the placeholder that runs when there are no batches; nil for a worker with work.
        def handle_no_op_worker(batch_context)
          batch = batch_context.respond_to?(:no_op?) ? batch_context : get_batch_context(batch_context)
          return nil unless batch.no_op?

          success(result: { 'batch_id' => batch.batch_id, 'no_op' => true, 'processed_count' => 0,
                            'message' => 'there are no batches to process',
                            'processed_at' => Time.now.utc.iso8601(3) },
                  metadata: { batch_worker: true, no_op: true, batch_id: batch.batch_id })
        end

        # With +result:+ the step's result is exactly that hash, otherwise the counters are, with +metadata+ merged in.
        def batch_worker_success(batch_context = nil, result: nil, items_processed: nil, items_succeeded: nil,
                                 items_failed: 0, items_skipped: 0, last_cursor: nil, results: nil, errors: nil,
                                 metadata: {})
          described = { batch_worker: true, batch_id: batch_context&.batch_id }.compact
          return success(result:, metadata: described.merge(metadata || {})) unless result.nil?

          if items_processed.nil?
            raise ArgumentError, 'batch_worker_success needs items_processed: and items_succeeded:, or result:'
          end

          counters = { 'items_processed' => items_processed, 'items_succeeded' => items_succeeded || items_processed,
                       'items_failed' => items_failed, 'items_skipped' => items_skipped, 'last_cursor' => last_cursor,
                       'batch_metadata' => batch_context ? batch_context.batch_metadata.to_h : {} }
          counters.update({ 'results' => results, 'errors' => errors }.compact)
          success(result: counters.merge(metadata || {}), metadata: described)
        end

        # Save the progress and be dispatched again from there; the attempt does not change.
        def checkpoint_yield(cursor:, items_processed:, accumulated_results: nil)
          Types::StepHandlerCallResult.checkpoint_yield(cursor:, items_processed:,
                                                        accumulated_results:)
        end

        # -- Aggregator

        def detect_aggregation_scenario(dependency_results, analyzer, prefix)
          BatchProcessing::BatchAggregationScenario.detect(dependency_results, analyzer, prefix)
        end

        # The aggregator's result when there was nothing to do.
        def no_batches_aggregation_result(metadata: {})
          success(result: (metadata || {}).merge('worker_count' => 0, 'scenario' => 'no_batches'))
        end

        # What the block makes of the workers' results by step name.
        def aggregate_batch_worker_results(scenario, zero_metrics: {})
          return no_batches_aggregation_result(metadata: zero_metrics) if scenario.no_batches?

          combined = block_given? ? yield(scenario.batch_results) : { 'batch_results' => scenario.batch_results }
          success(result: combined.merge('worker_count' => scenario.worker_count, 'scenario' => 'with_batches'))
        end

        def capabilities = super + ['batchable']

        private

        def cursor_config(index, first, last)
          { 'batch_id' => format('%03d', index + 1), 'start_cursor' => first, 'end_cursor' => last,
            'batch_size' => last - first }
        end
      end
    end
  end
end

/** The batch mixin: analyzers, workers and aggregators. */
import { StepHandler } from '../handler/base.js';
import type { StepContext } from '../handler/context.js';
import { bindMembers } from '../handler/mixin.js';
import { StepHandlerResult } from '../handler/result.js';
import { isObject } from '../json/value.js';
import type { JsonObject } from '../json/value.js';
import { aggregateBatchResults, detectAggregationScenario } from './aggregation.js';
import type { BatchAggregationResult, BatchAggregationScenario } from './aggregation.js';
import { BatchWorkerContext } from './types.js';
import type {
  BatchAnalyzerOutcome, BatchWorkerConfig, BatchWorkerInputs, BatchWorkerOutcome, CursorConfig, WireCursorConfig,
} from './types.js';

const ANALYZER = { batch_analyzer: true };

/** Give these methods to a handler with {@link applyBatchable}, or extend {@link BatchableStepHandler}. */
export class BatchableMixin {
  // Cursors

  /** One range; `end` is exclusive. */
  createCursorConfig(start: any, end: any, stepSize = 1, metadata: JsonObject = {}): CursorConfig {
    return { startCursor: start, endCursor: end, stepSize, metadata };
  }

  /** Contiguous ranges that cover all items; `maxBatches` makes the batches larger. */
  createCursorRanges(totalItems: number, batchSize: number, stepSize = 1, maxBatches?: number): CursorConfig[] {
    if (!(batchSize > 0)) throw new RangeError(`batchSize is ${batchSize}: use a positive number`);
    if (totalItems <= 0) return [];
    const size = maxBatches !== undefined && maxBatches > 0
      ? Math.max(batchSize, Math.ceil(totalItems / maxBatches))
      : batchSize;
    const ranges: CursorConfig[] = [];
    for (let start = 0; start < totalItems; start += size) {
      ranges.push(this.createCursorConfig(start, Math.min(start + size, totalItems), stepSize));
    }
    return ranges;
  }

  /** One share per worker, as equal as possible; workers without a share are left out. */
  createCursorConfigs(totalItems: number, workerCount: number): BatchWorkerConfig[] {
    if (!(workerCount > 0)) throw new RangeError(`workerCount is ${workerCount}: use a positive number`);
    if (totalItems <= 0) return [];
    const ranges = this.createCursorRanges(totalItems, Math.ceil(totalItems / workerCount));
    return ranges.map((range, index) => ({
      batch_id: batchId(index),
      cursor_start: range.startCursor as number,
      cursor_end: range.endCursor as number,
      row_count: (range.endCursor as number) - (range.startCursor as number),
      worker_index: index,
      total_workers: ranges.length,
    }));
  }

  // Analyzer

  /** Ranges of `batchSize` items. */
  createBatchOutcome(totalItems: number, batchSize: number, stepSize = 1, batchMetadata: JsonObject = {}): BatchAnalyzerOutcome {
    return { cursorConfigs: this.createCursorRanges(totalItems, batchSize, stepSize), totalItems, batchMetadata };
  }

  /** Ranges of your own, as `[start, end]`; the total defaults to their sum. */
  createBatchOutcomeFromRanges(
    ranges: Iterable<[number, number]>, stepSize = 1, totalItems?: number, batchMetadata: JsonObject = {},
  ): BatchAnalyzerOutcome {
    const cursorConfigs = [...ranges].map(([start, end]) => this.createCursorConfig(start, end, stepSize));
    const sum = cursorConfigs.reduce((total, { startCursor, endCursor }) => total + ((endCursor as number) - (startCursor as number)), 0);
    return { cursorConfigs, totalItems: totalItems ?? sum, batchMetadata };
  }

  /** Starts one worker per range. Without a template name the only one that can be meant is used. */
  batchAnalyzerSuccess(outcome: BatchAnalyzerOutcome, metadata: JsonObject = {}, workerTemplateName?: string): StepHandlerResult {
    const older = olderOutcome(outcome);
    if (outcome.cursorConfigs.length === 0) {
      const reason = String(outcome.batchMetadata?.['reason'] ?? 'empty_dataset');
      return StepHandlerResult.success(
        { batch_processing_outcome: { type: 'no_batches' }, reason, batch_analyzer_outcome: older }, { ...metadata, ...ANALYZER },
      );
    }
    const configs = outcome.cursorConfigs.map((config, index) => wireCursor(config, index));
    return StepHandlerResult.success({
      batch_processing_outcome: createOutcome(workerTemplateName, configs, outcome.totalItems, outcome.batchMetadata),
      worker_count: configs.length,
      total_items: outcome.totalItems,
      batch_analyzer_outcome: older,
    }, { ...metadata, ...ANALYZER });
  }

  /** Nothing to do; `metadata` is merged into the result. */
  noBatchesOutcome(reason: string, metadata: JsonObject = {}): StepHandlerResult {
    return StepHandlerResult.success({ ...metadata, batch_processing_outcome: { type: 'no_batches' }, reason }, ANALYZER);
  }

  // Worker

  /** The worker's share with its checkpoint, or null when the step is no batch worker. */
  getBatchContext(context: StepContext): BatchWorkerContext | null {
    return BatchWorkerContext.fromStepContext(context);
  }

  /** The same. */
  getBatchWorkerContext(context: StepContext): BatchWorkerContext | null {
    return BatchWorkerContext.fromStepContext(context);
  }

  /** The step's inputs, or null when the step is no batch worker. */
  getBatchWorkerInputs(context: StepContext): BatchWorkerInputs | null {
    const { cursor, batch_metadata, is_no_op } = context.stepInputs;
    if (!isObject(cursor)) return null;
    return {
      cursor: cursor as WireCursorConfig,
      batch_metadata: isObject(batch_metadata) ? batch_metadata : {},
      is_no_op: is_no_op === true,
    };
  }

  /** The result of the placeholder that runs when there are no batches; null for a worker with work. */
  handleNoOpWorker(context: StepContext): StepHandlerResult | null {
    if (context.stepInputs['is_no_op'] !== true) return null;
    const batch_id = this.getBatchContext(context)?.batchId || '000';
    return StepHandlerResult.success({
      batch_id,
      no_op: true,
      processed_count: 0,
      message: 'there are no batches to process',
      processed_at: new Date().toISOString(),
    }, { batch_id, batch_worker: true, no_op: true });
  }

  /** Counters; when none succeeded is given, all processed ones did. */
  createWorkerOutcome(
    itemsProcessed: number, itemsSucceeded = 0, itemsFailed = 0, itemsSkipped = 0,
    results: any[] = [], errors: any[] = [], lastCursor: any = null, batchMetadata: JsonObject = {},
  ): BatchWorkerOutcome {
    return {
      itemsProcessed, itemsSucceeded: itemsSucceeded || itemsProcessed, itemsFailed, itemsSkipped,
      results, errors, lastCursor, batchMetadata,
    };
  }

  /** With a context and `{result}` the step's result is exactly that object; with an outcome it is the counters. */
  batchWorkerSuccess(
    outcome: BatchWorkerOutcome | BatchWorkerContext | { cursorConfig: CursorConfig },
    more: JsonObject = {},
  ): StepHandlerResult {
    if ('cursorConfig' in outcome) {
      const { result, metadata } = more;
      if (!isObject(result)) {
        return StepHandlerResult.failure(
          'batchWorkerSuccess(batchContext, {result: {...}}) needs a result, or give it an outcome', 'invalid_args', false,
        );
      }
      return StepHandlerResult.success(result, {
        ...(isObject(metadata) ? metadata : {}),
        batch_worker: true,
        batch_id: (outcome as BatchWorkerContext).batchId ?? null,
      });
    }
    const counters = countersOf(outcome);
    return StepHandlerResult.success({ ...counters, batch_worker_outcome: counters }, { ...more, batch_worker: true });
  }

  /** A success whose result lists the items that failed. */
  batchWorkerPartialFailure(outcome: BatchWorkerOutcome, message?: string, metadata: JsonObject = {}): StepHandlerResult {
    const counters = countersOf(outcome);
    return StepHandlerResult.success({ ...counters, errors: outcome.errors, batch_worker_outcome: counters }, {
      ...metadata, batch_worker: true, partial_failure: true, ...(message === undefined ? {} : { message }),
    });
  }

  /** Saves the progress; the step is dispatched again from there, and the attempt does not change. */
  checkpointYield(cursor: any, itemsProcessed: number, accumulatedResults?: any): StepHandlerResult {
    const result: JsonObject = { type: 'checkpoint_yield', cursor, items_processed: itemsProcessed };
    if (accumulatedResults !== undefined && accumulatedResults !== null) result['accumulated_results'] = accumulatedResults;
    return StepHandlerResult.success(result, { checkpoint_yield: true, batch_worker: true });
  }

  // Aggregator

  detectAggregationScenario(dependencyResults: JsonObject, stepName: string, prefix: string): BatchAggregationScenario {
    return detectAggregationScenario(dependencyResults, stepName, prefix);
  }

  /** The aggregator's result when there was nothing to do. */
  noBatchesAggregationResult(zeroMetrics: JsonObject = {}): StepHandlerResult {
    return StepHandlerResult.success({ ...zeroMetrics, worker_count: 0, scenario: 'no_batches' });
  }

  /** Sums over all workers, or what `combine` makes of their results by step name. */
  aggregateBatchWorkerResults(
    scenario: BatchAggregationScenario, zeroMetrics: JsonObject = {},
    combine: (results: Record<string, JsonObject>) => JsonObject = (results) => ({ ...aggregateBatchResults(Object.values(results)) }),
  ): StepHandlerResult {
    if (scenario.isNoBatches) return this.noBatchesAggregationResult(zeroMetrics);
    return StepHandlerResult.success({
      ...combine(scenario.batchResults), worker_count: scenario.workerCount, scenario: 'with_batches',
    });
  }

  /** Adds up the counters form of workers' results. */
  static aggregateWorkerResults(list: Iterable<JsonObject | null | undefined>, maxErrors = 100): BatchAggregationResult {
    return aggregateBatchResults(list, maxErrors);
  }
}

export type Batchable = BatchableMixin;

/** Gives an instance the methods of {@link BatchableMixin}. */
export function applyBatchable<T extends object>(target: T): T & Batchable {
  bindMembers(target, BatchableMixin.prototype);
  return target as T & Batchable;
}

/** Base of batch handlers. */
export abstract class BatchableStepHandler extends StepHandler {
  static aggregateWorkerResults(list: Iterable<JsonObject | null | undefined>, maxErrors = 100): BatchAggregationResult {
    return aggregateBatchResults(list, maxErrors);
  }

  override get capabilities(): string[] {
    return ['process', 'batchable'];
  }

  /** Starts one worker per share. */
  batchSuccess(workerTemplateName: string, batchConfigs: BatchWorkerConfig[], metadata: JsonObject = {}): StepHandlerResult {
    const configs = batchConfigs.map(({ batch_id, cursor_start, cursor_end, row_count }) => ({
      batch_id, start_cursor: cursor_start, end_cursor: cursor_end, batch_size: row_count,
    }));
    const total = batchConfigs.reduce((sum, { row_count }) => sum + row_count, 0);
    return StepHandlerResult.success({
      ...metadata, batch_processing_outcome: createOutcome(workerTemplateName, configs, total), worker_count: configs.length, total_items: total,
    }, ANALYZER);
  }

  noBatchesResult(reason?: string, metadata: JsonObject = {}): StepHandlerResult {
    return StepHandlerResult.success({
      ...metadata, batch_processing_outcome: { type: 'no_batches' }, ...(reason === undefined ? {} : { reason }),
    }, ANALYZER);
  }
}
export interface BatchableStepHandler extends BatchableMixin {}
bindMembers(BatchableStepHandler.prototype, BatchableMixin.prototype);

function batchId(index: number): string {
  return String(index + 1).padStart(3, '0');
}

/** A range as it travels; `id` names it. */
export function wireCursor(config: CursorConfig, index: number, id: string = batchId(index)): WireCursorConfig {
  const { startCursor, endCursor, metadata } = config;
  const size: unknown = typeof startCursor === 'number' && typeof endCursor === 'number'
    ? endCursor - startCursor
    : metadata?.['batch_size'];
  return { batch_id: id, start_cursor: startCursor, end_cursor: endCursor, batch_size: typeof size === 'number' ? size : 0 };
}

/** The member that the orchestrator reads. */
export function createOutcome(
  workerTemplateName: string | undefined, configs: WireCursorConfig[], totalItems: number, batchMetadata: JsonObject = {},
): JsonObject {
  return {
    type: 'create_batches',
    ...(workerTemplateName ? { worker_template_name: workerTemplateName } : {}),
    worker_count: configs.length,
    cursor_configs: configs,
    total_items: totalItems,
    ...(Object.keys(batchMetadata ?? {}).length > 0 ? { batch_metadata: batchMetadata } : {}),
  };
}

function olderOutcome(outcome: BatchAnalyzerOutcome): JsonObject {
  return {
    cursor_configs: outcome.cursorConfigs.map(({ startCursor, endCursor, stepSize, metadata }) => ({
      start_cursor: startCursor, end_cursor: endCursor, step_size: stepSize, metadata: metadata ?? {},
    })),
    total_items: outcome.totalItems,
    batch_metadata: outcome.batchMetadata ?? {},
  };
}

function countersOf(outcome: BatchWorkerOutcome): JsonObject {
  const { results, errors } = outcome;
  return {
    items_processed: outcome.itemsProcessed,
    items_succeeded: outcome.itemsSucceeded,
    items_failed: outcome.itemsFailed,
    items_skipped: outcome.itemsSkipped,
    last_cursor: outcome.lastCursor ?? null,
    batch_metadata: outcome.batchMetadata ?? {},
    ...(results !== undefined && results.length > 0 ? { results } : {}),
    ...(errors !== undefined && errors.length > 0 ? { errors } : {}),
  };
}

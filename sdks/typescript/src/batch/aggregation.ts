/** What an aggregator finds: the results of batch workers, or that there were none. */
import { unwrap } from '../handler/context.js';
import { isObject } from '../json/value.js';
import type { JsonObject } from '../json/value.js';

const PLACEHOLDER_BATCH_ID = '000';

/** `batchResults` holds the workers' results by step name, unwrapped. */
export interface BatchAggregationScenario {
  isNoBatches: boolean;
  batchableResult: JsonObject;
  batchResults: Record<string, JsonObject>;
  workerCount: number;
}

/**
 * Looks at the analyzer `stepName` and the workers whose names begin with `prefix`. Throws when the analyzer's result is
 * missing, or when there is neither a worker nor the outcome `no_batches`.
 */
export function detectAggregationScenario(
  dependencyResults: JsonObject, stepName: string, prefix: string,
): BatchAggregationScenario {
  const analyzed = unwrap(dependencyResults[stepName]);
  if (analyzed === undefined || analyzed === null) {
    const known = Object.keys(dependencyResults).join(', ');
    throw new Error(`there is no result of the step '${stepName}'; known: ${known || 'none'}`);
  }
  const batchableResult = isObject(analyzed) ? analyzed : {};
  const none = { isNoBatches: true, batchableResult, batchResults: {}, workerCount: 0 };
  const outcome: unknown = batchableResult['batch_processing_outcome'];
  if (isObject(outcome) && outcome['type'] === 'no_batches') return none;
  const batchResults: Record<string, JsonObject> = {};
  for (const [name, value] of Object.entries(dependencyResults)) {
    const result = unwrap(value);
    if (name.startsWith(prefix) && result !== null && result !== undefined) batchResults[name] = result as JsonObject;
  }
  const names = Object.keys(batchResults);
  if (names.length === 0) {
    throw new Error(`no results of steps that begin with '${prefix}', and '${stepName}' did not say that there are none`);
  }
  // The worker 000 runs without work when there are no batches.
  if (names.every((name) => name.endsWith(PLACEHOLDER_BATCH_ID) && batchResults[name]?.['no_op'] === true)) return none;
  return { isNoBatches: false, batchableResult, batchResults, workerCount: names.length };
}

/** Sums over the counters of many workers. */
export interface BatchAggregationResult {
  total_processed: number;
  total_succeeded: number;
  total_failed: number;
  total_skipped: number;
  batch_count: number;
  success_rate: number;
  errors: any[];
  error_count: number;
}

/** Adds up the counters form of workers' results; at most `maxErrors` errors are kept, all are counted. */
export function aggregateBatchResults(
  list: Iterable<JsonObject | null | undefined>, maxErrors = 100,
): BatchAggregationResult {
  const total: BatchAggregationResult = {
    total_processed: 0, total_succeeded: 0, total_failed: 0, total_skipped: 0,
    batch_count: 0, success_rate: 0, errors: [], error_count: 0,
  };
  for (const given of list) {
    if (!isObject(given)) continue;
    const older: unknown = given['batch_worker_outcome'];
    const result = given['items_processed'] === undefined && isObject(older) ? older : given;
    total.batch_count += 1;
    total.total_processed += count(result['items_processed']);
    total.total_succeeded += count(result['items_succeeded']);
    total.total_failed += count(result['items_failed']);
    total.total_skipped += count(result['items_skipped']);
    const errors: unknown[] = Array.isArray(result['errors']) ? result['errors'] : [];
    total.error_count += errors.length;
    total.errors.push(...errors.slice(0, Math.max(0, maxErrors - total.errors.length)));
  }
  if (total.total_processed > 0) total.success_rate = total.total_succeeded / total.total_processed;
  return total;
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

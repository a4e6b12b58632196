/** Types of batch processing. Cursors begin at 0; the end is exclusive. */
import type { StepContext } from '../handler/context.js';
import { isObject } from '../json/value.js';
import type { JsonObject } from '../json/value.js';

/** What a failed item does to its batch. */
export type FailureStrategy = 'continue_on_failure' | 'fail_fast' | 'isolate';

/** One range. Cursors that are no integers are passed on as they are. */
export interface CursorConfig {
  startCursor: any;
  endCursor: any;
  stepSize: number;
  metadata: JsonObject;
}

/** What an analyzer found: the ranges to work on. */
export interface BatchAnalyzerOutcome {
  cursorConfigs: CursorConfig[];
  totalItems: number;
  batchMetadata: JsonObject;
}

/** One worker's share when the number of workers is given. */
export interface BatchWorkerConfig {
  batch_id: string;
  cursor_start: number;
  cursor_end: number;
  row_count: number;
  worker_index: number;
  total_workers: number;
}

/** Counters of one batch. */
export interface BatchWorkerOutcome {
  itemsProcessed: number;
  itemsSucceeded: number;
  itemsFailed: number;
  itemsSkipped: number;
  results: any[];
  errors: any[];
  lastCursor: any;
  batchMetadata: JsonObject;
}

/** A range as it travels. */
export interface WireCursorConfig {
  batch_id: string;
  start_cursor: any;
  end_cursor: any;
  batch_size: number;
}
/** The older name. */
export type RustCursorConfig = WireCursorConfig;

export interface BatchMetadata {
  cursor_field?: string | null;
  failure_strategy?: FailureStrategy;
  [key: string]: any;
}

/** The inputs of a batch worker step. */
export interface BatchWorkerInputs {
  cursor: WireCursorConfig;
  batch_metadata: BatchMetadata;
  is_no_op: boolean;
}
/** The older name. */
export type RustBatchWorkerInputs = BatchWorkerInputs;

export interface NoBatchesOutcome {
  type: 'no_batches';
}

export interface CreateBatchesOutcome {
  type: 'create_batches';
  worker_template_name?: string;
  worker_count: number;
  cursor_configs: WireCursorConfig[];
  total_items?: number;
  batch_metadata?: JsonObject;
}

export type BatchProcessingOutcome = NoBatchesOutcome | CreateBatchesOutcome;

/** Nothing to do. */
export function noBatches(): NoBatchesOutcome {
  return { type: 'no_batches' };
}

/** Start workers. Throws when the count differs from the number of ranges. */
export function createBatches(
  workerTemplateName: string | null, workerCount: number, cursorConfigs: WireCursorConfig[], totalItems?: number,
): CreateBatchesOutcome {
  if (workerCount !== cursorConfigs.length) {
    throw new RangeError(`workerCount is ${workerCount}, but there are ${cursorConfigs.length} cursorConfigs`);
  }
  return {
    type: 'create_batches',
    ...(workerTemplateName ? { worker_template_name: workerTemplateName } : {}),
    worker_count: workerCount,
    cursor_configs: cursorConfigs,
    ...(totalItems === undefined ? {} : { total_items: totalItems }),
  };
}

export function isNoBatches(outcome: BatchProcessingOutcome): outcome is NoBatchesOutcome {
  return outcome.type === 'no_batches';
}

export function isCreateBatches(outcome: BatchProcessingOutcome): outcome is CreateBatchesOutcome {
  return outcome.type === 'create_batches';
}

export interface BatchWorkerContextData {
  batchId?: string;
  cursorConfig: CursorConfig;
  batchIndex?: number;
  totalBatches?: number;
  batchMetadata?: JsonObject;
}

/** What a batch worker needs to know about its share. */
export class BatchWorkerContext {
  readonly batchId: string;
  readonly cursorConfig: CursorConfig;
  readonly batchIndex: number;
  readonly totalBatches: number;
  readonly batchMetadata: JsonObject;
  readonly checkpoint: JsonObject;

  constructor(data: BatchWorkerContextData, checkpoint: JsonObject | null = null) {
    this.batchId = data.batchId ?? '';
    this.cursorConfig = data.cursorConfig;
    this.batchIndex = data.batchIndex ?? 0;
    this.totalBatches = data.totalBatches ?? 0;
    this.batchMetadata = data.batchMetadata ?? {};
    this.checkpoint = checkpoint ?? {};
  }

  get cursor(): CursorConfig & { batchId: string } {
    return { ...this.cursorConfig, batchId: this.batchId };
  }

  get startCursor(): any {
    return this.cursorConfig.startCursor;
  }

  get endCursor(): any {
    return this.cursorConfig.endCursor;
  }

  get stepSize(): number {
    return this.cursorConfig.stepSize;
  }

  get checkpointCursor(): any {
    return this.checkpoint['cursor'] ?? null;
  }

  get accumulatedResults(): any {
    return this.checkpoint['accumulated_results'] ?? null;
  }

  get checkpointItemsProcessed(): number {
    const value: unknown = this.checkpoint['items_processed'];
    return typeof value === 'number' ? value : 0;
  }

  hasCheckpoint(): boolean {
    return Object.keys(this.checkpoint).length > 0;
  }

  /** From the step's inputs, else from `batch_context` in the configuration or the task's input; else null. */
  static fromStepContext(context: StepContext): BatchWorkerContext | null {
    const cursor: unknown = context.stepInputs['cursor'];
    if (isObject(cursor)) return fromCursor(cursor, context.stepInputs['batch_metadata'], context.checkpoint);
    for (const place of [context.stepConfig, context.inputData]) {
      const given: unknown = place['batch_context'] ?? place['batchContext'];
      if (!isObject(given)) continue;
      const nested: unknown = given['cursor_config'] ?? given['cursor'];
      return fromCursor(isObject(nested) ? { ...given, ...nested } : given, given['batch_metadata'], context.checkpoint);
    }
    return null;
  }
}

function fromCursor(cursor: JsonObject, metadata: unknown, checkpoint: JsonObject | null): BatchWorkerContext {
  const batchId = String(cursor['batch_id'] ?? cursor['batchId'] ?? '');
  const stepSize: unknown = cursor['step_size'] ?? cursor['batch_size'];
  const number = /^\d+$/.test(batchId) ? Number(batchId) : 0;
  const index: unknown = cursor['batch_index'];
  const total: unknown = cursor['total_batches'];
  return new BatchWorkerContext({
    batchId,
    cursorConfig: {
      startCursor: cursor['start_cursor'] ?? 0,
      endCursor: cursor['end_cursor'] ?? 0,
      stepSize: typeof stepSize === 'number' && stepSize > 0 ? stepSize : 1,
      metadata: isObject(cursor['metadata']) ? cursor['metadata'] : {},
    },
    batchIndex: typeof index === 'number' ? index : Math.max(0, number - 1),
    totalBatches: typeof total === 'number' ? total : 0,
    batchMetadata: isObject(metadata) ? metadata : {},
  }, checkpoint);
}

/** A share made by hand; members in camelCase, or in snake_case as they travel. */
export function createBatchWorkerContext(
  data: BatchWorkerContextData | JsonObject, checkpoint: JsonObject | null = null,
): BatchWorkerContext {
  if (isObject((data as JsonObject)['cursorConfig'])) return new BatchWorkerContext(data as BatchWorkerContextData, checkpoint);
  const given = data as JsonObject;
  const nested: unknown = given['cursor_config'] ?? given['cursor'];
  return fromCursor(isObject(nested) ? { ...given, ...nested } : given, given['batch_metadata'], checkpoint);
}

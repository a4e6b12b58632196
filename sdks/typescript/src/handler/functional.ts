/** Handlers as functions: each `define...` makes a handler class and injects what the function asks for. */
import { createOutcome, wireCursor } from '../batch/batchable.js';
import { BatchWorkerContext } from '../batch/types.js';
import { isObject } from '../json/value.js';
import type { JsonObject } from '../json/value.js';
import { APIMixin } from './api.js';
import type { APICapable } from './api.js';
import { StepHandler } from './base.js';
import type { StepHandlerClass } from './base.js';
import type { StepContext } from './context.js';
import { DecisionMixin } from './decision.js';
import { PermanentError, RetryableError, secondsOf, StepCancelledError, TaskerError } from './errors.js';
import { ErrorType, isHandlerResult, StepHandlerResult } from './result.js';

/** What the function is called with: the context and the injected values. */
export interface HandlerArgs {
  context: StepContext;
  [name: string]: any;
}
export interface ApiHandlerArgs extends HandlerArgs {
  api: APICapable;
}
export type HandlerFn<A extends HandlerArgs = HandlerArgs> = (args: A) => unknown;

export interface HandlerOptions {
  /** Results of earlier steps: parameter → step. */
  depends?: Record<string, string>;
  /** Keys of the task's input: parameter → key. */
  inputs?: Record<string, string>;
  version?: string;
  [other: string]: unknown;
}
export interface ApiHandlerOptions extends HandlerOptions {
  baseUrl: string;
  /** Milliseconds. */
  defaultTimeout?: number;
  defaultHeaders?: Record<string, string>;
}
/** What an analyzer function returns. */
export interface BatchConfig {
  totalItems: number;
  batchSize: number;
  metadata?: JsonObject;
}

/** What a decision function returns. */
export class Decision {
  readonly type: 'create_steps' | 'no_branches';
  readonly steps: string[];
  readonly reason: string | null;
  readonly routingContext: JsonObject;

  constructor(type: 'create_steps' | 'no_branches', steps: string[], reason: string | null, routingContext: JsonObject) {
    this.type = type;
    this.steps = steps;
    this.reason = reason;
    this.routingContext = routingContext;
  }

  /** Activate these steps. */
  static route(steps: string[] | string, routingContext: JsonObject = {}): Decision {
    return new Decision('create_steps', typeof steps === 'string' ? [steps] : [...steps], null, routingContext);
  }

  /** Activate none. */
  static skip(reason: string, routingContext: JsonObject = {}): Decision {
    return new Decision('no_branches', [], reason, routingContext);
  }
}

/** A handler that returns an object, nothing, any other JSON value (as `{result: value}`) or a StepHandlerResult. */
export function defineHandler(name: string, options: HandlerOptions, fn: HandlerFn): StepHandlerClass {
  return make(name, options, fn, plainResult);
}

/** A handler that returns `Decision.route(steps)` or `Decision.skip(reason)`. */
export function defineDecisionHandler(name: string, options: HandlerOptions, fn: HandlerFn): StepHandlerClass {
  return make(name, options, fn, (value, handler) => {
    if (!isDecision(value)) return plainResult(value);
    const decide = Object.assign(new DecisionMixin(), { name: handler.name, version: handler.version });
    return value.type === 'no_branches'
      ? decide.skipBranches(value.reason ?? '', value.routingContext)
      : decide.decisionSuccess(value.steps, value.routingContext);
  });
}

/** A handler that returns `{totalItems, batchSize}`; the worker fills in the template name when one is not given. */
export function defineBatchAnalyzer(
  name: string, options: HandlerOptions & { workerTemplate?: string }, fn: HandlerFn,
): StepHandlerClass {
  return make(name, options, fn, (value) =>
    isBatchConfig(value) ? analyzed(value, options.workerTemplate) : plainResult(value));
}

/** A handler of one batch: `batchContext` is injected, null when the step is no batch worker. */
export function defineBatchWorker(name: string, options: HandlerOptions, fn: HandlerFn): StepHandlerClass {
  return make(name, options, fn, plainResult, (context) => ({ batchContext: BatchWorkerContext.fromStepContext(context) }));
}

/** A handler that is given `api`, with the methods of {@link APIMixin}. */
export function defineApiHandler(
  name: string, options: ApiHandlerOptions, fn: HandlerFn<ApiHandlerArgs>,
): StepHandlerClass {
  class Api extends APIMixin {
    static override baseUrl = options.baseUrl;
    static override defaultTimeout = options.defaultTimeout ?? 30_000;
    static override defaultHeaders = options.defaultHeaders ?? {};
  }
  return make(name, options, fn as HandlerFn, plainResult, () => ({ api: new Api() }));
}

type Convert = (value: unknown, handler: StepHandler) => StepHandlerResult;

function make(
  name: string, options: HandlerOptions, fn: HandlerFn, convert: Convert,
  extra: (context: StepContext) => Record<string, unknown> = () => ({}),
): StepHandlerClass {
  if (typeof fn !== 'function') throw new TypeError(`the handler ${name} needs a function as its last argument`);
  const { depends = {}, inputs = {}, version = '1.0.0' } = options ?? {};
  const made = class extends StepHandler {
    static override handlerName = name;
    static override handlerVersion = version;

    async call(context: StepContext): Promise<StepHandlerResult> {
      try {
        const args: HandlerArgs = { context, ...extra(context) };
        for (const [parameter, step] of Object.entries(depends)) args[parameter] = context.getDependencyResult(step);
        for (const [parameter, key] of Object.entries(inputs)) args[parameter] = context.getInput(key);
        return convert(await fn(args), this);
      } catch (error) {
        // The worker knows whether a handler that stopped was cancelled or out of time.
        if (error instanceof StepCancelledError || (error as Error | undefined)?.name === 'AbortError') throw error;
        return failed(error);
      }
    }
  };
  Object.defineProperty(made, 'name', { value: name });
  return made;
}

function plainResult(value: unknown): StepHandlerResult {
  if (isHandlerResult(value)) return value;
  if (value === undefined || value === null) return StepHandlerResult.success({});
  return StepHandlerResult.success(isObject(value) ? value : { result: value });
}

function isDecision(value: unknown): value is Decision {
  return value instanceof Decision;
}

function isBatchConfig(value: unknown): value is BatchConfig {
  return isObject(value) && typeof value['totalItems'] === 'number' && typeof value['batchSize'] === 'number';
}

/** The functional form keeps the ids it always had: `batch_000` and so on. */
function analyzed(config: BatchConfig, workerTemplate: string | undefined): StepHandlerResult {
  const { totalItems, batchSize, metadata = {} } = config;
  if (totalItems <= 0) {
    return StepHandlerResult.success(
      { batch_processing_outcome: { type: 'no_batches' } }, { ...metadata, batch_count: 0, total_items: 0 },
    );
  }
  if (!(batchSize > 0)) throw new RangeError(`batchSize is ${batchSize}: use a positive number`);
  const cursors = [];
  for (let start = 0; start < totalItems; start += batchSize) {
    const range = { startCursor: start, endCursor: Math.min(start + batchSize, totalItems), stepSize: 1, metadata: {} };
    cursors.push(wireCursor(range, cursors.length, `batch_${String(cursors.length).padStart(3, '0')}`));
  }
  return StepHandlerResult.success(
    { batch_processing_outcome: createOutcome(workerTemplate, cursors, totalItems, metadata) },
    { ...metadata, batch_count: cursors.length, total_items: totalItems },
  );
}

function failed(error: unknown): StepHandlerResult {
  const known = (isObject(error) ? error : {}) as JsonObject;
  const metadata: JsonObject = error instanceof TaskerError ? { ...error.metadata } : {};
  const wait = secondsOf(known['retryAfter'], known['retry_after'], metadata['retry_after'], metadata['retryAfter']);
  if (wait !== null) metadata['retry_after_seconds'] = wait;
  metadata['errorType'] = isObject(error) ? (error as object).constructor?.name ?? 'Error' : typeof error;
  if (typeof known['stack'] === 'string') metadata['stack'] = known['stack'];
  let errorType: string = ErrorType.HANDLER_ERROR;
  if (error instanceof PermanentError) errorType = ErrorType.PERMANENT_ERROR;
  else if (error instanceof RetryableError) errorType = ErrorType.RETRYABLE_ERROR;
  const message = typeof known['message'] === 'string' && known['message'] !== '' ? known['message'] : String(error);
  const code: unknown = known['errorCode'];
  return StepHandlerResult.failure(
    message, errorType, known['retryable'] !== false, metadata, typeof code === 'string' ? code : undefined,
  );
}

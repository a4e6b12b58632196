import { isObject } from '../json/value.js';
import type { JsonObject } from '../json/value.js';
import { StepCancelledError } from './errors.js';
import type { StepEvent } from './event.js';

const DEFAULT_MAX_RETRIES = 3;

export interface StepContextParams {
  event: StepEvent;
  taskUuid: string;
  stepUuid: string;
  correlationId: string;
  handlerName: string;
  inputData?: JsonObject;
  dependencyResults?: JsonObject;
  stepConfig?: JsonObject;
  stepInputs?: JsonObject;
  retryCount?: number;
  maxRetries?: number;
}

/** The worker's side of a running step, as the context sees it. */
export interface StepProbe {
  readonly cancelled: boolean;
  /** Aborted when the step should stop. */
  readonly signal?: AbortSignal;
  reportProgress(done: number, total: number | null, message: string | null): void;
}

/** Input, results of earlier steps, configuration and retry state of one step. */
export class StepContext {
  readonly event: StepEvent;
  readonly taskUuid: string;
  readonly stepUuid: string;
  readonly correlationId: string;
  readonly handlerName: string;
  /** The task's context. */
  readonly inputData: JsonObject;
  /** Results of every ancestor that ran, by step name, not unwrapped. */
  readonly dependencyResults: JsonObject;
  /** The template's `handler.initialization`. */
  readonly stepConfig: JsonObject;
  /** The step's own inputs; holds the cursor of a batch worker. */
  readonly stepInputs: JsonObject;
  /** Attempts finished before this one. */
  readonly retryCount: number;
  readonly maxRetries: number;
  private readonly probe: StepProbe | null;

  constructor(params: StepContextParams, probe: StepProbe | null = null) {
    this.event = params.event;
    this.taskUuid = params.taskUuid;
    this.stepUuid = params.stepUuid;
    this.correlationId = params.correlationId;
    this.handlerName = params.handlerName;
    this.inputData = params.inputData ?? {};
    this.dependencyResults = params.dependencyResults ?? {};
    this.stepConfig = params.stepConfig ?? {};
    this.stepInputs = params.stepInputs ?? {};
    this.retryCount = params.retryCount ?? 0;
    this.maxRetries = params.maxRetries ?? DEFAULT_MAX_RETRIES;
    this.probe = probe;
  }

  /** The context of an event. Members that are missing become empty. */
  static fromEvent(event: StepEvent, handlerName: string, probe: StepProbe | null = null): StepContext {
    const parts = event as Partial<StepEvent>;
    const step = parts.workflowStep as Partial<StepEvent['workflowStep']> | undefined;
    const definition = parts.stepDefinition as Partial<StepEvent['stepDefinition']> | undefined;
    const task = parts.task as Partial<StepEvent['task']> | undefined;
    return new StepContext({
      event,
      taskUuid: parts.taskUuid ?? '',
      stepUuid: parts.stepUuid ?? '',
      correlationId: parts.correlationId ?? '',
      handlerName,
      inputData: objectOf(task?.context),
      dependencyResults: objectOf(parts.dependencyResults),
      stepConfig: objectOf(definition?.handlerInitialization),
      stepInputs: objectOf(step?.inputs),
      retryCount: step?.attempts ?? 0,
      maxRetries: step?.maxAttempts ?? DEFAULT_MAX_RETRIES,
    }, probe);
  }

  /** The older name of {@link StepContext.fromEvent}. */
  static fromFfiEvent(event: StepEvent, handlerName: string): StepContext {
    return StepContext.fromEvent(event, handlerName);
  }

  /** One key of the task's context; undefined when missing. */
  getInput<T = any>(key: string): T | undefined {
    return ownMember(this.inputData, key) as T | undefined;
  }

  /** One key of the task's context; `fallback` when it is missing. A null that was sent stays null. */
  getInputOr<T = any>(key: string, fallback: T): T {
    const value = this.getInput<T>(key);
    return value === undefined ? fallback : value;
  }

  /** One key of the handler's `initialization`; undefined when missing. */
  getConfig<T = any>(key: string): T | undefined {
    return ownMember(this.stepConfig, key) as T | undefined;
  }

  /** The result of an ancestor step, unwrapped; null when that step did not run. */
  getDependencyResult<T = any>(stepName: string): T | null {
    return (unwrap(ownMember(this.dependencyResults, stepName)) ?? null) as T | null;
  }

  /** A nested member of an ancestor's result; null as soon as the path ends. */
  getDependencyField<T = any>(stepName: string, ...path: string[]): T | null {
    let value: any = this.getDependencyResult(stepName);
    for (const key of path) {
      if (!isObject(value)) return null;
      value = ownMember(value, key) ?? null;
    }
    return value as T | null;
  }

  /** Results of all ancestors whose name begins with `prefix`, unwrapped, nulls dropped. */
  getAllDependencyResults<T = any>(prefix: string): T[] {
    return Object.entries(this.dependencyResults)
      .filter(([name]) => name.startsWith(prefix))
      .map(([, value]) => unwrap(value) as T)
      .filter((value) => value !== null && value !== undefined);
  }

  /** Names of the ancestor steps that have a result. */
  getDependencyResultKeys(): string[] {
    return Object.keys(this.dependencyResults);
  }

  /** Whether an earlier attempt of this step has ended. */
  isRetry(): boolean {
    return this.retryCount > 0;
  }

  /** Whether no attempt follows this one. */
  isLastRetry(): boolean {
    return this.retryCount >= this.maxRetries - 1;
  }

  /** The last accepted checkpoint of this step, or null. */
  get checkpoint(): JsonObject | null {
    const step = (this.event as Partial<StepEvent>).workflowStep as Partial<StepEvent['workflowStep']> | undefined;
    return isObject(step?.checkpoint) ? step?.checkpoint ?? null : null;
  }

  get checkpointCursor(): any {
    return this.checkpoint?.['cursor'] ?? null;
  }

  get checkpointItemsProcessed(): number {
    const value: unknown = this.checkpoint?.['items_processed'];
    return typeof value === 'number' ? value : 0;
  }

  get accumulatedResults(): any {
    return this.checkpoint?.['accumulated_results'] ?? null;
  }

  hasCheckpoint(): boolean {
    return this.checkpoint !== null;
  }

  /** Whether somebody wants this step to stop: it was cancelled, ran out of time, or the worker must leave. */
  get cancelled(): boolean {
    return this.probe?.cancelled ?? false;
  }

  /** Aborted when the step should stop: hand it to `fetch` and its like. */
  get signal(): AbortSignal {
    return this.probe?.signal ?? NEVER;
  }

  /** Throws {@link StepCancelledError} when the step should stop; long loops call this now and then. */
  throwIfCancelled(): void {
    if (this.cancelled) throw new StepCancelledError('the step was asked to stop');
  }

  /** Progress to show with the next heartbeat; cheap enough to call often. */
  reportProgress(done: number, total: number | null = null, message: string | null = null): void {
    this.probe?.reportProgress(done, total, message);
  }
}

const NEVER = new AbortController().signal;

function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function ownMember(object: JsonObject, key: string): unknown {
  return Object.prototype.hasOwnProperty.call(object, key) ? object[key] : undefined;
}

/** The inner value of `{result: inner}`, exactly once. */
export function unwrap(value: unknown): unknown {
  return isObject(value) && Object.prototype.hasOwnProperty.call(value, 'result') ? value['result'] : value;
}

/** Test kit: a context from plain values, and a handler run the way the worker runs it. No broker. */
import { randomUUID } from 'node:crypto';

import type { ExecutableHandler } from './handler/base.js';
import { StepContext } from './handler/context.js';
import { isHandlerResult } from './handler/result.js';
import type { StepHandlerResult } from './handler/result.js';
import { parseJson } from './json/parse.js';
import type { JsonObject } from './json/value.js';
import { writeJson } from './json/write.js';
import { ExplicitMappingResolver, instantiate } from './registry/resolvers.js';
import { fromDto } from './registry/definition.js';
import type { HandlerEntry } from './registry/definition.js';
import { HandlerRegistry } from './registry/registry.js';
import { SDK } from './version.js';
import { parseExecute } from './wire/execute.js';
import { MessageWriter } from './wire/outgoing.js';
import type { Progress } from './wire/outgoing.js';
import { clearTimeout, setTimeout } from 'node:timers';
import { buildContext } from './worker/context-builder.js';
import { setLogLevel } from './worker/log.js';
import { RunControl } from './worker/run-control.js';
import { StepRunner } from './worker/runner.js';

/** What a step is given. */
export interface StepValues {
  /** The task's context. */
  input?: JsonObject;
  /** Results of earlier steps by name, not wrapped. */
  dependencies?: JsonObject;
  /** The template's `handler.initialization`. */
  config?: JsonObject;
  stepInputs?: JsonObject;
  method?: string | null;
  name?: string;
  /** From 1. */
  attempt?: number;
  maxAttempts?: number;
  checkpoint?: JsonObject | null;
  workerTemplateNames?: string[];
  publishesEvents?: JsonObject[];
  timeoutMs?: number | null;
  maxResultBytes?: number;
}

/** A complete `step.execute` message. */
export function stepMessage(callable: string, values: StepValues = {}): JsonObject {
  const results: JsonObject = {};
  for (const [name, result] of Object.entries(values.dependencies ?? {})) {
    results[name] = { status: 'completed', result, metadata: {} };
  }
  const name = values.name ?? 'step';
  return {
    protocol: '1.0',
    kind: 'step.execute',
    dispatch_id: randomUUID(),
    reply_to: 'tasker.results.0',
    task: {
      uuid: randomUUID(), name: 'task', namespace: 'default', version: '1.0.0', correlation_id: randomUUID(),
      parent_correlation_id: null, context: values.input ?? {}, initiator: 'test', source_system: 'test', tags: [],
      priority: 0, requested_at: '2026-01-01T00:00:00.000Z',
    },
    step: {
      uuid: randomUUID(), name, template_step_name: name, type: 'standard', attempt: values.attempt ?? 1,
      max_attempts: values.maxAttempts ?? 3, retryable: true,
      timeout_ms: values.timeoutMs === undefined ? 30_000 : values.timeoutMs, inputs: values.stepInputs ?? {},
      checkpoint: values.checkpoint ?? null, backoff_request_seconds: null, last_attempted_at: null,
    },
    handler: { callable, method: values.method ?? null, resolver: null, initialization: values.config ?? {} },
    step_definition: {
      description: '', dependencies: Object.keys(values.dependencies ?? {}),
      publishes_events: values.publishesEvents ?? [], worker_template_names: values.workerTemplateNames ?? [],
    },
    dependency_results: results,
    limits: {
      max_result_bytes: values.maxResultBytes ?? 1_048_576, heartbeat_interval_ms: 20_000, ack_deadline_ms: 600_000,
    },
  };
}

/** What the worker would see of a running step: call `stop`, look at `progress`. */
export class StepWatch {
  progress: Progress | null = null;
  readonly control = new RunControl((progress) => {
    this.progress = progress;
  });

  /** Asks the handler to stop, as a cancelled task or a time limit would. */
  stop(reason: 'cancelled' | 'timeout' = 'cancelled'): void {
    this.control.requestStop(reason);
  }
}

/** A context from plain values. */
export function stepContext(values: StepValues = {}, watch: StepWatch | null = null): StepContext {
  const message = parseExecute(writeJson(stepMessage('handler', values), 66));
  return buildContext(message, 'handler', watch?.control ?? null);
}

/** Calls a handler (class, instance or factory); errors come through. */
export async function callHandler(handler: HandlerEntry, values: StepValues | StepContext = {}): Promise<StepHandlerResult> {
  const context = values instanceof StepContext ? values : stepContext(values);
  const method = values instanceof StepContext ? null : values.method ?? null;
  const made: ExecutableHandler = await instantiate(handler, fromDto({ callable: 'handler', initialization: context.stepConfig }));
  const entry = (made as unknown as Record<string, (context: StepContext) => unknown>)[method ?? 'call'];
  if (typeof entry !== 'function') throw new TypeError(`the handler has no method ${String(method)}`);
  return (await entry.call(made, context)) as StepHandlerResult;
}

/**
 * Runs a handler exactly as a worker does, errors and time limits included; gives the `step.result` message it would
 * send. Everything goes through JSON, so what cannot be sent shows here.
 */
export async function runStep(
  handler: HandlerEntry | HandlerRegistry, values: StepValues & { callable?: string } = {}, watch: StepWatch = new StepWatch(),
): Promise<JsonObject> {
  const registry = handler instanceof HandlerRegistry ? handler : registryOf(handler);
  const message = parseExecute(writeJson(stepMessage(values.callable ?? 'handler', values), 66));
  const writer = new MessageWriter({ id: 'test', language: 'typescript', sdk: SDK, hostname: 'localhost' });
  const { timeoutMs } = message;
  const timer = timeoutMs === null ? null : setTimeout(() => watch.stop('timeout'), timeoutMs);
  setLogLevel('error');
  try {
    const answer = await new StepRunner(registry, writer).execute(message, watch.control);
    return parseJson(answer.body) as JsonObject;
  } finally {
    clearTimeout(timer);
  }
}

function registryOf(handler: HandlerEntry): HandlerRegistry {
  const registry = new HandlerRegistry();
  // Straight into the resolver: a test needs no line about the registration.
  (registry.getResolver('explicit_mapping') as ExplicitMappingResolver).register('handler', handler);
  return registry;
}

/** The payload of a success; an error with the failure's message otherwise. */
export function assertSuccess(result: StepHandlerResult): JsonObject {
  if (!isHandlerResult(result) || !result.success) {
    throw new Error(`the handler failed: ${result?.errorType}: ${result?.errorMessage}`);
  }
  return result.result ?? {};
}

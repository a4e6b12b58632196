/** Runs one handler and turns what it returned or threw into a `step.result`. */
import type { ExecutableHandler } from '../handler/base.js';
import { isObject } from '../json/value.js';
import type { JsonObject } from '../json/value.js';
import { byteLength, NotSerializable, safeText, writeJson } from '../json/write.js';
import { ResolutionError } from '../registry/errors.js';
import type { HandlerRegistry } from '../registry/registry.js';
import type { ExecuteMessage } from '../wire/execute.js';
import { errorText, timestamp } from '../wire/outgoing.js';
import type { MessageWriter } from '../wire/outgoing.js';
import { monotonic } from './clock.js';
import { buildContext } from './context-builder.js';
import { currentStep, stepLogFields } from './current-step.js';
import { collectEvents } from './domain-events.js';
import type { CollectedEvents } from './domain-events.js';
import { log } from './log.js';
import { failure, failureOf, outcomeOf, timedOut } from './outcome.js';
import type { Failure, Success } from './outcome.js';
import type { RunControl } from './run-control.js';

/** The message to send, and what in-process listeners are told once it is confirmed. */
export interface Answer {
  body: string;
  status: 'completed' | 'failed' | 'checkpoint' | 'abandoned';
  failed: boolean;
  detail: string;
  outcome: Success | Failure | null;
  events: CollectedEvents | null;
  elapsedMs: number;
}

/** A part of the answer cannot be sent; the failure takes its place. */
class Unsendable extends Error {
  readonly failure: Failure;

  constructor(reason: Failure) {
    super(reason.message);
    this.failure = reason;
  }
}

/** Executes steps, several at a time. */
export class StepRunner {
  private readonly registry: HandlerRegistry;
  private readonly writer: MessageWriter;

  constructor(registry: HandlerRegistry, writer: MessageWriter) {
    this.registry = registry;
    this.writer = writer;
  }

  /** Runs the step's handler; every outcome, also an error of any kind, becomes an answer. */
  async execute(message: ExecuteMessage, control: RunControl): Promise<Answer> {
    const clock = monotonic();
    let outcome: Success | Failure;
    let handler: ExecutableHandler | null = null;
    try {
      handler = await this.resolve(message);
      if (handler === null) return this.notFound(message);
      outcome = await this.call(handler, message, control);
    } catch (error) {
      outcome = failureOf(error, control, message);
    }
    control.end();
    const elapsedMs = Math.round(monotonic() - clock);
    const answer = this.answer(message, outcome, control, versionOf(handler), elapsedMs);
    logAnswer(message, answer);
    return answer;
  }

  private async resolve(message: ExecuteMessage): Promise<ExecutableHandler | null> {
    const initialization: unknown = message.handler['initialization'];
    try {
      return await this.registry.getResolverChain().resolve({
        callable: message.callable,
        method: message.method,
        resolver: message.resolver,
        initialization: isObject(initialization) ? initialization : {},
      });
    } catch (error) {
      if (error instanceof ResolutionError) {
        log('warn', error.message);
        return null;
      }
      throw error;
    }
  }

  /** The handler's outcome, or a time-out whose promise is abandoned. */
  private async call(
    handler: ExecutableHandler, message: ExecuteMessage, control: RunControl,
  ): Promise<Success | Failure> {
    const name = handler.name || message.callable;
    const context = buildContext(message, name, control);
    const returned = currentStep.run(stepLogFields(message), () => invoke(handler, context));
    const ended = returned.then(
      (value) => outcomeOf(value, name),
      (error: unknown) => failureOf(error, control, message),
    );
    const outcome = await Promise.race([ended, control.outOfTime]);
    return outcome ?? timedOut(message);
  }

  private notFound(message: ExecuteMessage): Answer {
    const method = message.method === null ? '' : ` (method ${message.method})`;
    const text = `this worker has no handler ${message.callable}${method}`;
    const answer: Answer = {
      body: this.writer.abandoned(message, 'handler_not_found', text, Date.now()),
      status: 'abandoned',
      failed: true,
      detail: ` handler_not_found: ${text}`,
      outcome: null,
      events: null,
      elapsedMs: 0,
    };
    logAnswer(message, answer);
    return answer;
  }

  private answer(
    message: ExecuteMessage, outcome: Success | Failure, control: RunControl, version: string | null, elapsedMs: number,
  ): Answer {
    try {
      if (outcome.kind === 'success') return this.succeeded(message, outcome, control, version, elapsedMs);
      return this.failed(message, outcome, control, version, elapsedMs);
    } catch (error) {
      // Whatever a handler hands over, a step has its answer.
      const reason = error instanceof Unsendable
        ? error.failure
        : failure(`the result cannot be sent: ${shown(error)}`, 'serialization_error', false);
      return this.failed(message, reason, control, version, elapsedMs);
    }
  }

  private succeeded(
    message: ExecuteMessage, outcome: Success, control: RunControl, version: string | null, elapsedMs: number,
  ): Answer {
    const limit = message.maxResultBytes;
    const metadata = member(
      { ...outcome.metadata, retryable: outcome.retryable, handler_version: version }, limit, 'metadata', 'result_too_large',
    );
    const common = {
      dispatchId: message.dispatchId,
      taskUuid: message.taskUuid,
      stepUuid: message.stepUuid,
      metadata,
      startedAt: timestamp(control.startedWall),
      completedAt: timestamp(Date.now()),
      executionTimeMs: elapsedMs,
    };
    const base = { failed: false, detail: '', outcome, elapsedMs };
    if (outcome.metadata['checkpoint_yield'] === true) {
      const checkpoint = member(checkpointOf(outcome.result), limit, 'checkpoint', 'checkpoint_too_large');
      const body = this.writer.result({ ...common, status: 'checkpoint', checkpoint });
      return { ...base, body, status: 'checkpoint', events: null };
    }
    const result = member(withWorkerTemplate(outcome.result, message), limit, 'result', 'result_too_large');
    const events = collectEvents(message, outcome, elapsedMs);
    const sent = member(events.entries, limit, 'events', 'events_too_large');
    const body = this.writer.result({ ...common, status: 'completed', result, events: sent });
    return { ...base, body, status: 'completed', events };
  }

  private failed(
    message: ExecuteMessage, reason: Failure, control: RunControl, version: string | null, elapsedMs: number,
  ): Answer {
    const limit = message.maxResultBytes;
    let metadata: string;
    try {
      const all = { ...reason.metadata, retryable: reason.retryable, handler_version: version };
      metadata = member(all, limit, 'metadata', 'result_too_large');
    } catch (error) {
      if (!(error instanceof Unsendable)) throw error;
      // The failure itself matters more than what was attached to it.
      metadata = writeJson({
        retryable: reason.retryable,
        handler_version: version === null ? null : safeText(version),
        metadata_dropped: safeText(error.failure.message, 1024),
      });
    }
    const events = collectEvents(message, reason, elapsedMs);
    const body = this.writer.result({
      dispatchId: message.dispatchId,
      taskUuid: message.taskUuid,
      stepUuid: message.stepUuid,
      status: 'failed',
      error: errorText({ ...reason, metadata }),
      events: eventsOrNone(events, limit),
      metadata,
      startedAt: timestamp(control.startedWall),
      completedAt: timestamp(Date.now()),
      executionTimeMs: elapsedMs,
    });
    const detail = ` ${reason.errorType}: ${firstLine(reason.message)}`;
    return { body, status: 'failed', failed: true, detail, outcome: reason, events, elapsedMs };
  }
}

/** A handler that throws before it returns a promise fails like any other. */
async function invoke(handler: ExecutableHandler, context: Parameters<ExecutableHandler['call']>[0]): Promise<unknown> {
  return handler.call(context);
}

function versionOf(handler: ExecutableHandler | null): string | null {
  const version: unknown = handler?.version;
  return typeof version === 'string' ? version : null;
}

function member(value: unknown, limit: number, name: string, tooLarge: string): string {
  let text: string;
  try {
    text = writeJson(value);
  } catch (error) {
    const reason = error instanceof NotSerializable ? error.message : `writing it failed: ${String(error)}`;
    throw new Unsendable(failure(`the ${name} cannot be sent: ${reason}`, 'serialization_error', false));
  }
  // A text of n UTF-16 units has between n and 3n bytes, so most need not be measured.
  const size = text.length * 3 > limit ? byteLength(text) : 0;
  if (size > limit) {
    throw new Unsendable(failure(
      `the ${name} has ${size} bytes, the limit is ${limit}: store it elsewhere and return a reference`, tooLarge, false,
    ));
  }
  return text;
}

/** The events of a failure never take its place. */
function eventsOrNone(events: CollectedEvents, limit: number): string {
  try {
    return member(events.entries, limit, 'events', 'events_too_large');
  } catch (error) {
    log('error', `the events of a failed step are not sent: ${(error as Error).message}`);
    return '[]';
  }
}

function checkpointOf(result: unknown): JsonObject {
  const given = isObject(result) ? result : {};
  const checkpoint: JsonObject = { cursor: given['cursor'] ?? null, items_processed: given['items_processed'] ?? 0 };
  if (given['accumulated_results'] !== undefined && given['accumulated_results'] !== null) {
    checkpoint['accumulated_results'] = given['accumulated_results'];
  }
  return checkpoint;
}

/** An analyzer need not name its worker template when only one step can be meant. */
function withWorkerTemplate(result: unknown, message: ExecuteMessage): unknown {
  const outcome: unknown = isObject(result) ? result['batch_processing_outcome'] : undefined;
  if (!isObject(result) || !isObject(outcome) || outcome['type'] !== 'create_batches') return result;
  if (outcome['worker_template_name']) return result;
  const { worker_template_name: _none, ...filled } = outcome;
  const names: unknown = message.stepDefinition['worker_template_names'];
  if (Array.isArray(names) && names.length === 1) filled['worker_template_name'] = names[0];
  return { ...result, batch_processing_outcome: filled };
}

function logAnswer(message: ExecuteMessage, answer: Answer): void {
  const { trace_id: traceId } = stepLogFields(message);
  log(
    answer.failed ? 'warn' : 'info',
    `step ${message.stepName} attempt ${message.attempt}/${message.maxAttempts} ${answer.status} in ` +
      `${answer.elapsedMs} ms task=${message.taskUuid}${traceId === undefined ? '' : ` trace_id=${traceId}`}${answer.detail}`,
  );
}

function shown(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : typeof error;
}

function firstLine(text: string): string {
  const line = text.trim().split('\n')[0] ?? '';
  return safeText(line.length <= 300 ? line : `${line.slice(0, 300)}...`);
}

/** What a step's declared events become: entries of the result message, and events for subscribers of this process. */
import { createDomainEvent, createStepEventContext } from '../events/create.js';
import { deliverLocally } from '../events/poller.js';
import { PublisherRegistry } from '../events/publisher.js';
import type { DomainEvent, EventDeclaration, StepEventContext, StepResult } from '../events/types.js';
import { isObject } from '../json/value.js';
import type { JsonObject } from '../json/value.js';
import type { ExecuteMessage } from '../wire/execute.js';
import { log } from './log.js';
import type { Failure, Success } from './outcome.js';

/** One declared event after its publisher's hooks. */
interface LocalEvent {
  event: DomainEvent;
  afterPublish: () => void;
}

/** What goes into the result message, and what subscribers of this process get once it is confirmed. */
export interface CollectedEvents {
  entries: JsonObject[];
  local: LocalEvent[];
}

/** Never throws: an error of a publisher is logged and changes nothing about the step. */
export function collectEvents(message: ExecuteMessage, outcome: Success | Failure, elapsedMs: number): CollectedEvents {
  const collected: CollectedEvents = { entries: [], local: [] };
  const declared: unknown = message.stepDefinition['publishes_events'];
  if (!Array.isArray(declared)) return collected;
  for (const given of declared) {
    if (!isObject(given) || typeof given['name'] !== 'string') continue;
    try {
      collect(declarationOf(given), message, outcome, elapsedMs, collected);
    } catch (error) {
      log('error', `the event ${String(given['name'])} of step ${message.stepName} failed: ${String(error)}`);
    }
  }
  return collected;
}

function collect(
  declaration: EventDeclaration, message: ExecuteMessage, outcome: Success | Failure, elapsedMs: number,
  into: CollectedEvents,
): void {
  const succeeded = outcome.kind === 'success';
  const condition = declaration.condition ?? 'success';
  if (succeeded ? condition !== 'success' && condition !== 'always' : condition === 'success') return;
  const stepResult = resultOf(outcome, elapsedMs);
  const context = contextOf(message, outcome);
  const name = declaration.publisher;
  const publisher = PublisherRegistry.instance.getOrDefault(name);
  if (name !== undefined && publisher.publisherName !== name) {
    log('warn', `step ${message.stepName} names the publisher ${name}, which is not registered; the default one is used`);
  }
  let payload: unknown = stepResult.result ?? {};
  let metadata: JsonObject = {};
  if (name !== undefined) {
    const prepared = publisher.prepare(declaration.name, stepResult, declaration, context);
    if ('suppressed' in prepared) {
      into.entries.push({ name: declaration.name, suppress: true });
      return;
    }
    ({ payload, metadata } = prepared);
    into.entries.push({ name: declaration.name, payload, metadata });
  }
  if (declaration.deliveryMode !== 'fast' && declaration.deliveryMode !== 'broadcast') return;
  if (!holds(condition, message, outcome)) return;
  const event = createDomainEvent({
    eventName: declaration.name, payload, stepContext: context, stepResult, publisher: publisher.publisherName, metadata,
  });
  into.local.push({ event, afterPublish: () => publisher.afterPublish(declaration.name, payload, metadata) });
}

/** The result is confirmed: tell the subscribers of this process. */
export function publishLocal(events: CollectedEvents): void {
  for (const { event, afterPublish } of events.local) {
    deliverLocally(event);
    try {
      afterPublish();
    } catch (error) {
      log('error', `afterPublish of the event ${event.eventName} failed: ${String(error)}`);
    }
  }
}

/** The conditions that tell failures apart depend on whether another attempt follows. */
function holds(condition: string, message: ExecuteMessage, outcome: Success | Failure): boolean {
  if (outcome.kind === 'success') return true;
  const again = outcome.retryable && message.step['retryable'] !== false && message.attempt < message.maxAttempts;
  if (condition === 'retryable_failure') return again;
  if (condition === 'permanent_failure') return !again;
  return true;
}

function declarationOf(given: JsonObject): EventDeclaration {
  const text = (key: string): string | undefined => (typeof given[key] === 'string' && given[key] !== '' ? given[key] as string : undefined);
  const condition = text('condition');
  const deliveryMode = text('delivery_mode');
  const publisher = text('publisher');
  return {
    name: given['name'] as string,
    ...(condition === undefined ? {} : { condition }),
    ...(deliveryMode === undefined ? {} : { deliveryMode }),
    ...(publisher === undefined ? {} : { publisher }),
    ...(isObject(given['schema']) ? { schema: given['schema'] } : {}),
  };
}

function resultOf(outcome: Success | Failure, elapsedMs: number): StepResult {
  const metadata = { ...outcome.metadata, execution_time_ms: elapsedMs };
  if (outcome.kind === 'success') return { success: true, result: outcome.result, metadata };
  return {
    success: false, result: {}, metadata: { ...metadata, error_message: outcome.message, error_type: outcome.errorType },
  };
}

function contextOf(message: ExecuteMessage, outcome: Success | Failure): StepEventContext {
  return createStepEventContext({
    taskUuid: message.taskUuid,
    stepUuid: message.stepUuid,
    stepName: message.stepName,
    namespace: typeof message.task['namespace'] === 'string' ? message.task['namespace'] : '',
    correlationId: message.correlationId,
    retryable: outcome.retryable,
    isLastAttempt: message.attempt >= message.maxAttempts,
  });
}

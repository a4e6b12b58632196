/** From a `step.execute` to the context a handler sees. */
import { StepContext } from '../handler/context.js';
import type { StepEvent, StepEventDependency } from '../handler/event.js';
import { isObject, setMember } from '../json/value.js';
import type { JsonObject } from '../json/value.js';
import type { ExecuteMessage } from '../wire/execute.js';
import { parseTraceparent } from '../wire/trace.js';
import type { RunControl } from './run-control.js';

export function buildContext(message: ExecuteMessage, handlerName: string, control: RunControl | null): StepContext {
  const event = buildEvent(message);
  return new StepContext({
    event,
    taskUuid: event.taskUuid,
    stepUuid: event.stepUuid,
    correlationId: event.correlationId,
    handlerName,
    inputData: event.task.context ?? {},
    dependencyResults: event.dependencyResults,
    stepConfig: event.stepDefinition.handlerInitialization,
    stepInputs: event.workflowStep.inputs ?? {},
    retryCount: message.attempt - 1,
    maxRetries: message.maxAttempts,
  }, control);
}

/** The event; values the message does not carry are empty strings, null or 0. */
export function buildEvent(message: ExecuteMessage): StepEvent {
  const { task, step, handler, stepDefinition } = message;
  const trace = parseTraceparent(message.traceHeaders['traceparent']);
  const correlationId = message.correlationId;
  const parent = textOrNull(task['parent_correlation_id']);
  return {
    eventId: message.dispatchId,
    taskUuid: message.taskUuid,
    stepUuid: message.stepUuid,
    correlationId,
    traceId: trace?.traceId ?? null,
    spanId: trace?.parentId ?? null,
    taskCorrelationId: correlationId,
    parentCorrelationId: parent,
    task: {
      taskUuid: message.taskUuid,
      namedTaskUuid: '',
      name: text(task['name']),
      namespace: text(task['namespace']),
      version: text(task['version']),
      context: objectOrNull(task['context']),
      correlationId,
      parentCorrelationId: parent,
      complete: false,
      priority: numberOr(task['priority'], 0),
      initiator: textOrNull(task['initiator']),
      sourceSystem: textOrNull(task['source_system']),
      reason: textOrNull(task['reason']),
      tags: Array.isArray(task['tags']) ? (task['tags'] as string[]) : null,
      identityHash: '',
      createdAt: '',
      updatedAt: '',
      requestedAt: text(task['requested_at']),
    },
    workflowStep: {
      workflowStepUuid: message.stepUuid,
      taskUuid: message.taskUuid,
      namedStepUuid: '',
      name: message.stepName,
      templateStepName: textOrNull(step['template_step_name']) ?? message.stepName,
      retryable: step['retryable'] !== false,
      maxAttempts: message.maxAttempts,
      attempts: message.attempt - 1,
      inProcess: true,
      processed: false,
      inputs: objectOrNull(step['inputs']),
      results: null,
      backoffRequestSeconds: typeof step['backoff_request_seconds'] === 'number' ? step['backoff_request_seconds'] : null,
      processedAt: null,
      lastAttemptedAt: textOrNull(step['last_attempted_at']),
      createdAt: '',
      updatedAt: '',
      checkpoint: objectOrNull(step['checkpoint']),
    },
    stepDefinition: {
      name: textOrNull(step['template_step_name']) ?? message.stepName,
      description: text(stepDefinition['description']),
      handlerCallable: message.callable,
      handlerMethod: message.method,
      handlerResolver: message.resolver,
      handlerInitialization: objectOrNull(handler['initialization']) ?? {},
      systemDependency: null,
      dependencies: Array.isArray(stepDefinition['dependencies']) ? (stepDefinition['dependencies'] as string[]) : [],
      timeoutSeconds: message.timeoutMs === null ? null : message.timeoutMs / 1000,
      retryRetryable: step['retryable'] !== false,
      retryMaxAttempts: message.maxAttempts,
      retryBackoff: '',
      retryBackoffBaseMs: null,
      retryMaxBackoffMs: null,
      publishesEvents: Array.isArray(stepDefinition['publishes_events']) ? stepDefinition['publishes_events'] : [],
    },
    dependencyResults: dependencies(message.dependencyResults),
  };
}

/** Each result with what the older packages showed beside it. */
function dependencies(results: JsonObject): Record<string, StepEventDependency> {
  const found: Record<string, StepEventDependency> = {};
  for (const [name, entry] of Object.entries(results)) {
    if (!isObject(entry)) {
      setMember(found, name, entry);
      continue;
    }
    const error = isObject(entry['error']) ? entry['error'] : {};
    setMember(found, name, {
      ...entry,
      stepUuid: text(entry['step_uuid']),
      success: entry['status'] !== 'failed',
      result: entry['result'] ?? null,
      status: text(entry['status']),
      errorMessage: textOrNull(error['message']),
      errorType: textOrNull(error['error_type']),
      errorRetryable: typeof error['retryable'] === 'boolean' ? error['retryable'] : null,
    });
  }
  return found;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

function objectOrNull(value: unknown): JsonObject | null {
  return isObject(value) ? value : null;
}

import { randomUUID } from 'node:crypto';

import type { DomainEvent, StepEventContext, StepResult } from './types.js';

/** A context with empty members where none are given. */
export function createStepEventContext(given: Partial<StepEventContext> = {}): StepEventContext {
  return {
    taskUuid: '', stepUuid: '', stepName: '', namespace: '', correlationId: '', retryable: true, isLastAttempt: false,
    ...given,
  };
}

/** An event with a fresh id. */
export function createDomainEvent(given: {
  eventName: string;
  payload?: any;
  stepContext?: StepEventContext;
  stepResult?: StepResult;
  publisher?: string;
  metadata?: Record<string, any>;
}): DomainEvent {
  const context = given.stepContext ?? createStepEventContext();
  return {
    eventId: randomUUID(),
    eventName: given.eventName,
    eventVersion: '1.0',
    payload: given.payload ?? null,
    metadata: {
      taskUuid: context.taskUuid,
      stepUuid: context.stepUuid,
      stepName: context.stepName,
      namespace: context.namespace,
      correlationId: context.correlationId,
      firedAt: new Date().toISOString(),
      firedBy: given.publisher ?? 'default',
      ...(given.publisher === undefined ? {} : { publisher: given.publisher }),
      ...given.metadata,
    },
    executionResult: given.stepResult ?? { success: true },
  };
}

import type { JsonObject } from '../json/value.js';

/** What a handler achieved, as publishers see it. */
export interface StepResult {
  success: boolean;
  result?: any;
  metadata?: JsonObject;
}

/** An event that a step declares in its template. */
export interface EventDeclaration {
  name: string;
  /** `success` (default), `failure`, `retryable_failure`, `permanent_failure`, `always`. */
  condition?: string;
  /** `durable` (default), `fast`, `broadcast`. */
  deliveryMode?: string;
  publisher?: string;
  schema?: JsonObject;
}

/** Which step an event is about. */
export interface StepEventContext {
  taskUuid: string;
  stepUuid: string;
  stepName: string;
  namespace: string;
  correlationId: string;
  retryable: boolean;
  isLastAttempt: boolean;
}

export interface DomainEventMetadata {
  taskUuid: string;
  stepUuid: string;
  stepName?: string;
  namespace: string;
  correlationId: string;
  firedAt: string;
  firedBy?: string;
  publisher?: string;
  [key: string]: any;
}

export interface DomainEvent {
  eventId: string;
  eventName: string;
  eventVersion?: string;
  payload: any;
  metadata: DomainEventMetadata;
  executionResult: StepResult;
}

/** What `publish` of a publisher is given. */
export interface PublishContext {
  eventName: string;
  stepResult: StepResult;
  eventDeclaration?: EventDeclaration;
  stepContext?: StepEventContext;
  /** Takes the event; without it `publish` only runs the hooks. */
  emit?: (event: DomainEvent) => void;
}

export type DomainEventCallback = (event: DomainEvent) => void | Promise<void>;
export type DomainEventErrorCallback = (error: Error, event?: DomainEvent) => void;

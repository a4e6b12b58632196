import type { JsonObject } from '../json/value.js';

/** A step as the worker received it, flattened. User data keep their own spelling of keys. */
export interface StepEvent {
  eventId: string;
  taskUuid: string;
  stepUuid: string;
  correlationId: string;
  traceId?: string | null;
  spanId?: string | null;
  taskCorrelationId: string;
  parentCorrelationId?: string | null;
  task: StepEventTask;
  workflowStep: StepEventWorkflowStep;
  stepDefinition: StepEventDefinition;
  dependencyResults: Record<string, StepEventDependency>;
}

export interface StepEventTask {
  taskUuid: string;
  namedTaskUuid: string;
  name: string;
  namespace: string;
  version: string;
  context: JsonObject | null;
  correlationId: string;
  parentCorrelationId: string | null;
  complete: boolean;
  priority: number;
  initiator: string | null;
  sourceSystem: string | null;
  reason: string | null;
  tags: string[] | null;
  identityHash: string;
  createdAt: string;
  updatedAt: string;
  requestedAt: string;
}

export interface StepEventWorkflowStep {
  workflowStepUuid: string;
  taskUuid: string;
  namedStepUuid: string;
  name: string;
  templateStepName: string;
  retryable: boolean;
  maxAttempts: number;
  attempts: number;
  inProcess: boolean;
  processed: boolean;
  inputs: JsonObject | null;
  results: JsonObject | null;
  backoffRequestSeconds: number | null;
  processedAt: string | null;
  lastAttemptedAt: string | null;
  createdAt: string;
  updatedAt: string;
  checkpoint: JsonObject | null;
}

export interface StepEventDefinition {
  name: string;
  description: string;
  handlerCallable: string;
  handlerMethod: string | null;
  handlerResolver: string | null;
  handlerInitialization: JsonObject;
  systemDependency: string | null;
  dependencies: string[];
  timeoutSeconds: number | null;
  retryRetryable: boolean;
  retryMaxAttempts: number;
  retryBackoff: string;
  retryBackoffBaseMs: number | null;
  retryMaxBackoffMs: number | null;
  publishesEvents: any[];
}

export interface StepEventDependency {
  stepUuid: string;
  success: boolean;
  result: any;
  status: string;
  errorMessage?: string | null;
  errorType?: string | null;
  errorRetryable?: boolean | null;
}

/** The older name. */
export type FfiStepEvent = StepEvent;

/** What a step did, as the notification bus shows it. */
export interface StepExecutionResult {
  stepUuid: string;
  taskUuid: string;
  success: boolean;
  result: JsonObject | null;
  errorMessage: string | null;
  errorType: string | null;
  retryable: boolean;
  executionTimeMs: number;
  metadata: JsonObject;
}

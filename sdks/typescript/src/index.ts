// Handlers
export { handlerNameOf, StepHandler } from './handler/base.js';
export type { ExecutableHandler, StepHandlerClass } from './handler/base.js';
export { ApiResponse } from './handler/api-response.js';
export { APIMixin, ApiHandler, applyAPI } from './handler/api.js';
export type { APICapable, ApiBody } from './handler/api.js';
export { applyDecision, DecisionHandler, DecisionMixin, DecisionType } from './handler/decision.js';
export type { DecisionCapable, DecisionPointOutcome } from './handler/decision.js';
export { applyBatchable, BatchableMixin, BatchableStepHandler } from './batch/batchable.js';
export type { Batchable } from './batch/batchable.js';

// Functional style
export {
  Decision, defineApiHandler, defineBatchAnalyzer, defineBatchWorker, defineDecisionHandler, defineHandler,
} from './handler/functional.js';
export type {
  ApiHandlerArgs, ApiHandlerOptions, BatchConfig, HandlerArgs, HandlerFn, HandlerOptions,
} from './handler/functional.js';

// Results
export { StepContext } from './handler/context.js';
export type { StepContextParams, StepProbe } from './handler/context.js';
export { ErrorType, isStandardErrorType, isTypicallyRetryable, StepHandlerResult } from './handler/result.js';
export type { StepHandlerResultParams } from './handler/result.js';
export type { FfiStepEvent, StepEvent, StepExecutionResult } from './handler/event.js';

// Batches
export { aggregateBatchResults, detectAggregationScenario } from './batch/aggregation.js';
export type { BatchAggregationResult, BatchAggregationScenario } from './batch/aggregation.js';
export { BatchWorkerContext, createBatches, createBatchWorkerContext, isCreateBatches, isNoBatches, noBatches } from './batch/types.js';
export type {
  BatchAnalyzerOutcome, BatchMetadata, BatchProcessingOutcome, BatchWorkerConfig, BatchWorkerInputs, BatchWorkerOutcome,
  CreateBatchesOutcome, CursorConfig, FailureStrategy, NoBatchesOutcome, RustBatchWorkerInputs, RustCursorConfig,
  WireCursorConfig,
} from './batch/types.js';

// Errors
export {
  AuthenticationError, AuthorizationError, BusinessLogicError, ConfigurationError, ErrorClassifier, NetworkError,
  NotFoundError, PermanentError, RateLimitError, ResourceContentionError, RetryableError, ServiceUnavailableError,
  StepCancelledError, TaskerError, TimeoutError, ValidationError,
} from './handler/errors.js';
export type { TaskerErrorOptions } from './handler/errors.js';

// Registry
export { HandlerRegistry } from './registry/registry.js';
export { HandlerSystem } from './registry/system.js';
export { LoadError } from './registry/loading.js';
export { ResolverChain } from './registry/chain.js';
export { ClassLookupResolver, ExplicitMappingResolver, RegistryResolver } from './registry/resolvers.js';
export type { BaseResolver, RegistryResolverStatic, ResolverConfig } from './registry/resolvers.js';
export { MethodDispatchWrapper } from './registry/method-dispatch.js';
export {
  effectiveMethod, fromCallable, fromDto, hasResolverHint, normalizeToDefinition, usesMethodDispatch,
} from './registry/definition.js';
export type { HandlerDefinition, HandlerEntry, HandlerFactory, HandlerSpec } from './registry/definition.js';
export { MethodDispatchError, NoResolverMatchError, ResolutionError, ResolverNotFoundError } from './registry/errors.js';

// Domain events
export {
  BasePublisher, DefaultPublisher, DuplicatePublisherError, PublisherNotFoundError, PublisherRegistry,
  PublisherValidationError, RegistryFrozenError,
} from './events/publisher.js';
export { BaseSubscriber, SubscriberRegistry } from './events/subscriber.js';
export type { SubscriberClass, SubscriberStats } from './events/subscriber.js';
export { InProcessDomainEventPoller } from './events/poller.js';
export type { DomainEventPollerConfig, PollerStats } from './events/poller.js';
export { createDomainEvent, createStepEventContext } from './events/create.js';
export type {
  DomainEvent, DomainEventCallback, DomainEventErrorCallback, DomainEventMetadata, EventDeclaration, PublishContext,
  StepEventContext, StepResult,
} from './events/types.js';

// Worker
export { createWorkerServer, WorkerServer } from './worker/server.js';
export type { ServerHealthCheckResult, ServerState, ServerStatus, WorkerServerConfig } from './worker/server.js';
export { ShutdownController } from './worker/shutdown.js';
export type { ShutdownHandler } from './worker/shutdown.js';
export { SettingsError } from './worker/settings.js';
export {
  bootstrapWorker, getVersion, getWorkerStatus, healthCheck, isWorkerRunning, stopWorker, transitionToGracefulShutdown,
} from './worker/bootstrap.js';
export type { BootstrapConfig, BootstrapResult, StopResult, WorkerStatus } from './worker/bootstrap.js';

// Client
export { getTaskerClient, TaskerClient, TaskerClientError } from './client/client.js';
export type { CreateTaskOptions, ListTasksOptions, TaskerClientOptions } from './client/client.js';
export type {
  CancelTaskResponse, HealthCheckResponse, PaginationInfo, StepAuditResponse, StepReadinessStatus, StepResponse,
  TaskListResponse, TaskResponse,
} from './client/responses.js';

// Logging and notifications
export { createLogger, logDebug, logError, logInfo, logTrace, logWarn } from './logging.js';
export type { Logger, LogFields } from './logging.js';
export { EventNames, StepEventNames, TaskerEventEmitter, WorkerEventNames } from './events.js';

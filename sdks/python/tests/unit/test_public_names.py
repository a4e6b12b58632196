"""Every name that handler code may import exists."""

from __future__ import annotations

import importlib

import pytest

import tasker_core

TOP = (
    "__version__ get_version version health_check bootstrap_worker stop_worker get_worker_status "
    "transition_to_graceful_shutdown is_worker_running Worker log_error log_warn log_info log_debug log_trace "
    "LogContext StepHandler StepContext StepHandlerResult StepHandlerCallResult StepEvent FfiStepEvent ErrorType "
    "ResultStatus StepExecutionResult StepError ApiHandler ApiResponse DecisionHandler Batchable "
    "BatchAggregationScenario BatchWorkerConfig DecisionType DecisionPointOutcome CursorConfig "
    "BatchAnalyzerOutcome BatchWorkerContext BatchWorkerOutcome BootstrapConfig BootstrapResult WorkerStatus "
    "WorkerState WorkerConfig WorkerMetrics HealthCheck ComponentHealth HandlerRegistry BaseResolver "
    "ResolverChain ResolverNotFoundError ResolutionError HandlerDefinition MethodDispatchWrapper RegistryResolver "
    "ExplicitMappingResolver ClassLookupResolver TemplatePath TemplateParser HandlerDiscovery EventBridge "
    "EventNames StepExecutionSubscriber StepExecutionError InProcessDomainEventPoller InProcessDomainEvent "
    "DomainEventMetadata ExecutionResult StepEventContext BasePublisher BaseSubscriber EventDeclaration "
    "StepResult PublishContext TaskSequenceStepWrapper TaskWrapper WorkflowStepWrapper DependencyResultsWrapper "
    "StepDefinitionWrapper HandlerWrapper TaskerError WorkerNotInitializedError WorkerBootstrapError "
    "WorkerAlreadyRunningError ConversionError RetryableError PermanentError StepTimeoutError NetworkError "
    "RateLimitError ServiceUnavailableError ResourceContentionError StepValidationError NotFoundError "
    "AuthenticationError AuthorizationError ConfigurationError BusinessLogicError ErrorClassifier get_classifier "
    "is_retryable is_permanent get_health_check get_metrics get_worker_config TaskerClient ClientTaskResponse "
    "ClientTaskListResponse ClientStepResponse ClientStepAuditResponse ClientHealthResponse ClientPaginationInfo "
)

MODULES = {
    "tasker_core.types": "FailureStrategy WireCursorConfig RustCursorConfig BatchMetadata BatchWorkerInputs "
    "RustBatchWorkerInputs NoBatchesOutcome CreateBatchesOutcome BatchAggregationResult aggregate_batch_results "
    "no_batches create_batches StepContext StepHandlerResult",
    "tasker_core.models": "TaskSequenceStepWrapper TaskWrapper WorkflowStepWrapper DependencyResultsWrapper",
    "tasker_core.errors": "TaskerError TimeoutError ValidationError RetryableError PermanentError",
    "tasker_core.errors.error_classifier": "ErrorClassifier get_classifier is_retryable is_permanent",
    "tasker_core.exceptions": "TaskerError WorkerNotInitializedError WorkerBootstrapError WorkerAlreadyRunningError "
    "ConversionError",
    "tasker_core.step_handler": "StepHandler ApiHandler ApiResponse DecisionHandler step_handler decision_handler "
    "batch_analyzer batch_worker api_handler depends_on inputs Decision BatchConfig",
    "tasker_core.step_handler.base": "StepHandler",
    "tasker_core.step_handler.api": "ApiHandler ApiResponse",
    "tasker_core.step_handler.decision": "DecisionHandler",
    "tasker_core.step_handler.functional": "step_handler decision_handler batch_analyzer batch_worker api_handler "
    "depends_on inputs Decision BatchConfig FunctionalHandler HandlerDecorator",
    "tasker_core.step_handler.mixins": "APIMixin DecisionMixin",
    "tasker_core.step_handler.mixins.api": "APIMixin ApiResponse",
    "tasker_core.step_handler.mixins.decision": "DecisionMixin",
    "tasker_core.batch_processing": "Batchable BatchAggregationScenario BatchWorkerConfig",
    "tasker_core.batch_processing.batchable": "Batchable",
    "tasker_core.registry": "BaseResolver ResolverChain HandlerDefinition MethodDispatchWrapper RegistryResolver",
    "tasker_core.registry.base_resolver": "BaseResolver",
    "tasker_core.registry.handler_definition": "HandlerDefinition",
    "tasker_core.registry.method_dispatch_wrapper": "MethodDispatchWrapper",
    "tasker_core.registry.registry_resolver": "RegistryResolver",
    "tasker_core.registry.resolver_chain": "ResolverChain",
    "tasker_core.registry.resolvers.explicit_mapping": "ExplicitMappingResolver",
    "tasker_core.registry.resolvers.class_lookup": "ClassLookupResolver",
    "tasker_core.handler": "HandlerRegistry",
    "tasker_core.template_discovery": "TemplatePath TemplateParser HandlerDiscovery",
    "tasker_core.domain_events": "DefaultPublisher PublisherRegistry SubscriberRegistry BasePublisher BaseSubscriber "
    "InProcessDomainEventPoller",
    "tasker_core.event_bridge": "EventBridge EventNames",
    "tasker_core.step_execution_subscriber": "StepExecutionSubscriber StepExecutionError",
    "tasker_core.bootstrap": "bootstrap_worker stop_worker get_worker_status transition_to_graceful_shutdown "
    "is_worker_running",
    "tasker_core.worker": "Worker",
    "tasker_core.client": "TaskerClient TaskResponse TaskListResponse StepResponse StepAuditResponse HealthResponse "
    "PaginationInfo",
    "tasker_core.logging": "log_error log_warn log_info log_debug log_trace LogContext",
    "tasker_core.observability": "get_health_check get_metrics get_worker_config",
}


def test_the_top_level_names() -> None:
    missing = [name for name in TOP.split() if not hasattr(tasker_core, name)]
    assert missing == []
    assert set(TOP.split()) <= set(tasker_core.__all__)
    assert [name for name in tasker_core.__all__ if not hasattr(tasker_core, name)] == []


@pytest.mark.parametrize("module", MODULES)
def test_the_names_of_a_module(module: str) -> None:
    loaded = importlib.import_module(module)
    assert [name for name in MODULES[module].split() if not hasattr(loaded, name)] == []


def test_classes_that_have_two_names() -> None:
    from tasker_core import errors, exceptions

    assert tasker_core.StepTimeoutError is errors.TimeoutError
    assert tasker_core.StepValidationError is errors.ValidationError
    assert tasker_core.FfiStepEvent is tasker_core.StepEvent
    assert tasker_core.TaskerError is exceptions.TaskerError
    assert tasker_core.TaskerError is not errors.TaskerError

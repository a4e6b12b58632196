"""Public data types of handlers: context, results, events."""

from tasker_core.types.context import CancellationProbe, StepContext
from tasker_core.types.event import FfiStepEvent, StepEvent
from tasker_core.types.results import (
    ErrorType,
    ResultStatus,
    StepError,
    StepExecutionError,
    StepExecutionResult,
    StepHandlerCallResult,
    StepHandlerResult,
)

__all__ = [
    "CancellationProbe",
    "ErrorType",
    "FfiStepEvent",
    "ResultStatus",
    "StepContext",
    "StepError",
    "StepEvent",
    "StepExecutionError",
    "StepExecutionResult",
    "StepHandlerCallResult",
    "StepHandlerResult",
]

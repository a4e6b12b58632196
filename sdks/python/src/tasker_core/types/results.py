"""What a handler returns."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, ClassVar, overload

from pydantic import BaseModel, ConfigDict, Field


class ErrorType(str, Enum):
    """The standard kinds of failure. Any other string is allowed and sent unchanged."""

    PERMANENT_ERROR = "permanent_error"
    RETRYABLE_ERROR = "retryable_error"
    VALIDATION_ERROR = "validation_error"
    TIMEOUT = "timeout"
    HANDLER_ERROR = "handler_error"

    @classmethod
    def is_standard(cls, error_type: str) -> bool:
        """Whether the string is one of the standard kinds."""
        return error_type in {member.value for member in cls}

    @classmethod
    def is_typically_retryable(cls, error_type: str) -> bool:
        """Whether a failure of this kind usually deserves another try."""
        return error_type in (cls.RETRYABLE_ERROR.value, cls.TIMEOUT.value)


class ResultStatus(str, Enum):
    """Outcome of a step as older callers spell it."""

    SUCCESS = "completed"
    FAILURE = "error"
    RETRYABLE_ERROR = "retryable_error"
    PERMANENT_ERROR = "permanent_error"


class _SuccessAccess:
    """``StepHandlerResult.success(...)`` builds a result; ``result.success`` is its boolean."""

    @overload
    def __get__(self, instance: None, owner: type[StepHandlerResult]) -> Callable[..., StepHandlerResult]: ...

    @overload
    def __get__(self, instance: StepHandlerResult, owner: type[StepHandlerResult]) -> bool: ...

    def __get__(
        self, instance: StepHandlerResult | None, owner: type[StepHandlerResult]
    ) -> bool | Callable[..., StepHandlerResult]:
        if instance is None:
            return owner._make_success
        return instance.is_success


class StepHandlerResult(BaseModel):
    """Success with a result object, or failure with a message and a retry decision."""

    model_config = ConfigDict(populate_by_name=True, ignored_types=(_SuccessAccess,), extra="ignore")

    is_success: bool = Field(alias="success")
    result: dict[str, Any] | None = None
    error_message: str | None = None
    error_type: str | None = None
    error_code: str | None = None
    retryable: bool = True
    metadata: dict[str, Any] = Field(default_factory=dict)

    success: ClassVar[_SuccessAccess] = _SuccessAccess()

    @classmethod
    def _make_success(
        cls, result: dict[str, Any] | BaseModel | None = None, metadata: dict[str, Any] | None = None
    ) -> StepHandlerResult:
        if isinstance(result, BaseModel):
            result = result.model_dump(mode="json")
        return cls(is_success=True, result={} if result is None else result, metadata=metadata or {})

    @classmethod
    def failure(
        cls,
        message: str,
        error_type: str | ErrorType = ErrorType.HANDLER_ERROR,
        retryable: bool = True,
        metadata: dict[str, Any] | None = None,
        error_code: str | None = None,
    ) -> StepHandlerResult:
        """A failure; ``retryable`` together with the attempt limit decides whether the step is tried again."""
        return cls(
            is_success=False,
            # An exception is easily passed instead of its text.
            error_message=message if isinstance(message, str) or message is None else str(message),
            error_type=error_type.value if isinstance(error_type, ErrorType) else error_type,
            error_code=error_code,
            retryable=retryable,
            metadata=metadata or {},
        )

    def is_success_result(self) -> bool:
        return self.is_success

    def is_failure_result(self) -> bool:
        return not self.is_success


class StepHandlerCallResult(BaseModel):
    """The older, shorter result; accepted from ``call`` like :class:`StepHandlerResult`."""

    success: bool
    result: dict[str, Any] | None = None
    error_message: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)


class StepError(BaseModel):
    """An error as a step's record shows it."""

    error_type: str = ErrorType.HANDLER_ERROR.value
    message: str = ""
    error_code: str | None = None
    retryable: bool = True
    stack_trace: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)


class StepExecutionResult(BaseModel):
    """Outcome of one execution together with who it belongs to."""

    step_uuid: str = ""
    task_uuid: str = ""
    success: bool = True
    status: str = ResultStatus.SUCCESS.value
    result: dict[str, Any] | None = None
    error: StepError | None = None
    execution_time_ms: int = 0
    worker_id: str | None = None
    correlation_id: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)


class StepExecutionError(Exception):
    """An execution failed outside the handler."""

    def __init__(self, message: str, error_type: str = "step_execution_error", retryable: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.error_type = error_type
        self.retryable = retryable

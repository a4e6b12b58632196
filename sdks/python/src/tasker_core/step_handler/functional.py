"""Handlers as functions: decorators that make a handler class of a function and inject what it asks for."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

from pydantic import BaseModel

from tasker_core.batch_processing.batchable import Batchable
from tasker_core.errors import PermanentError, RetryableError, StepCancelledError
from tasker_core.errors import TaskerError as RichTaskerError
from tasker_core.step_handler.api import ApiHandler
from tasker_core.step_handler.base import StepHandler
from tasker_core.step_handler.decision import DecisionHandler
from tasker_core.types.batch import BatchWorkerContext
from tasker_core.types.context import StepContext
from tasker_core.types.results import StepHandlerResult

__all__ = [
    "BatchConfig",
    "Decision",
    "FunctionalHandler",
    "HandlerDecorator",
    "api_handler",
    "batch_analyzer",
    "batch_worker",
    "decision_handler",
    "depends_on",
    "inputs",
    "step_handler",
]

F = TypeVar("F", bound=Callable[..., Any])


class FunctionalHandler(Protocol):
    """A decorated function: callable as before, and carrying its handler class."""

    _handler_class: type[StepHandler]

    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...


class HandlerDecorator(Protocol):
    """What ``step_handler(...)`` and its siblings return."""

    def __call__(self, function: F) -> F: ...


@dataclass(frozen=True)
class Decision:
    """What a decision function returns."""

    steps: list[str] = field(default_factory=list)
    reason: str | None = None
    context: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def route(cls, steps: list[str] | str, **context: Any) -> Decision:
        """Activate these steps; keywords become the routing context."""
        return cls(steps=[steps] if isinstance(steps, str) else list(steps), context=context)

    @classmethod
    def skip(cls, reason: str, **context: Any) -> Decision:
        """Activate none."""
        return cls(reason=reason, context=context)


@dataclass(frozen=True)
class BatchConfig:
    """What an analyzer function returns."""

    total_items: int
    batch_size: int
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Wanted:
    """What a function asks for, collected by ``depends_on`` and ``inputs``."""

    dependencies: dict[str, tuple[str, type[BaseModel] | None]] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    model: type[BaseModel] | None = None


def _wanted(function: Callable[..., Any]) -> _Wanted:
    found = getattr(function, "_tasker_wanted", None)
    if not isinstance(found, _Wanted):
        found = _Wanted()
        function._tasker_wanted = found  # type: ignore[attr-defined]
    return found


def depends_on(**dependencies: str | tuple[str, type[BaseModel]]) -> HandlerDecorator:
    """Inject results of earlier steps: ``param="step"``, or ``param=("step", Model)`` to validate a dict."""

    def decorate(function: F) -> F:
        for parameter, source in dependencies.items():
            name, model = source if isinstance(source, tuple) else (source, None)
            _wanted(function).dependencies[parameter] = (name, model)
        return function

    return decorate


def inputs(*names: str | type[BaseModel]) -> HandlerDecorator:
    """Inject keys of the task's input by name, or all of them as one model under the name ``inputs``."""

    def decorate(function: F) -> F:
        wanted = _wanted(function)
        for name in names:
            if isinstance(name, str):
                wanted.keys.append(name)
            elif inspect.isclass(name) and issubclass(name, BaseModel):
                wanted.model = name
            else:
                raise TypeError(f"inputs() takes names and one pydantic model, not {name!r}")
        return function

    return decorate


def _model_of(model: type[BaseModel], context: StepContext) -> BaseModel:
    """Fields that are missing or null are left to the model's defaults when it has them."""
    values: dict[str, Any] = {}
    for name, described in model.model_fields.items():
        key = described.alias or name
        value = context.get_input(key)
        if value is not None or (key in context.input_data and described.is_required()):
            values[key] = value
    return model(**values)


def _arguments(function: Callable[..., Any], parameters: frozenset[str], context: StepContext) -> dict[str, Any]:
    wanted = _wanted(function)
    arguments: dict[str, Any] = {}
    for parameter, (step, model) in wanted.dependencies.items():
        value = context.get_dependency_result(step)
        arguments[parameter] = model.model_validate(value) if model is not None and isinstance(value, dict) else value
    for key in wanted.keys:
        arguments[key] = context.get_input(key)
    if wanted.model is not None:
        arguments["inputs"] = _model_of(wanted.model, context)
    for name in ("context", "_context"):
        if name in parameters:
            arguments[name] = context
    return arguments


def _failure(error: Exception) -> StepHandlerResult:
    metadata: dict[str, Any] = {}
    error_code = getattr(error, "error_code", None)
    retry_after = getattr(error, "retry_after", None)
    if isinstance(error, RichTaskerError):
        metadata.update(error.metadata)
    elif isinstance(retry_after, int | float):
        metadata["retry_after"] = retry_after
    metadata["exception_type"] = type(error).__name__
    metadata["traceback"] = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    explicit = getattr(error, "retryable", None)
    error_type = "handler_error"
    if isinstance(error, PermanentError):
        error_type = "permanent_error"
    elif isinstance(error, RetryableError):
        error_type = "retryable_error"
    return StepHandlerResult.failure(
        str(error) or type(error).__name__,
        error_type,
        explicit if isinstance(explicit, bool) else True,
        metadata,
        error_code if isinstance(error_code, str) else None,
    )


def _plain(handler: StepHandler, value: Any) -> StepHandlerResult:
    if isinstance(value, StepHandlerResult):
        return value
    if value is None:
        return handler.success({})
    if isinstance(value, BaseModel | dict):
        return handler.success(value)
    return handler.success({"result": value})


Convert = Callable[[Any, Any], StepHandlerResult]
Extra = Callable[[Any, StepContext], dict[str, Any]]


def _make(
    name: str,
    version: str,
    base: type,
    convert: Convert = _plain,
    extra: Extra = lambda handler, context: {},
    attributes: dict[str, Any] | None = None,
) -> HandlerDecorator:
    def decorate(function: F) -> F:
        parameters = frozenset(inspect.signature(function).parameters)

        async def wait(handler: Any, returned: Awaitable[Any]) -> StepHandlerResult:
            try:
                return convert(handler, await returned)
            except StepCancelledError:
                raise
            except Exception as error:
                return _failure(error)

        def call(self: Any, context: StepContext) -> Any:
            try:
                offered = extra(self, context)
                arguments = _arguments(function, parameters, context)
                arguments.update({key: value for key, value in offered.items() if key in parameters})
                returned = function(**arguments)
                if inspect.isawaitable(returned):
                    return wait(self, returned)
                return convert(self, returned)
            except StepCancelledError:
                raise  # the worker knows whether that means cancelled or out of time
            except Exception as error:
                return _failure(error)

        members = {
            "__doc__": function.__doc__,
            "__module__": function.__module__,
            "__qualname__": function.__qualname__,
            "handler_name": name,
            "handler_version": version,
            "call": call,
            **(attributes or {}),
        }
        handler_class = type(function.__name__, (base,), members)
        cast(Any, function)._handler_class = handler_class
        return function

    return decorate


def step_handler(name: str, version: str = "1.0.0") -> HandlerDecorator:
    """A handler that returns a dict, a pydantic model, None, or any other JSON value (as ``{"result": value}``)."""
    return _make(name, version, StepHandler)


def decision_handler(name: str, version: str = "1.0.0") -> HandlerDecorator:
    """A handler that returns ``Decision.route(steps)`` or ``Decision.skip(reason)``."""

    def convert(handler: DecisionHandler, value: Any) -> StepHandlerResult:
        if not isinstance(value, Decision):
            return _plain(handler, value)
        if value.reason is not None:
            return handler.skip_branches(value.reason, value.context)
        return handler.decision_success(value.steps, value.context)

    return _make(name, version, DecisionHandler, convert)


class _BatchHandler(StepHandler, Batchable):
    """Base of functional analyzers and workers."""


def batch_analyzer(name: str, worker_template: str | None = None, version: str = "1.0.0") -> HandlerDecorator:
    """A handler that returns ``BatchConfig(total_items, batch_size)``; the runner may fill in the worker template."""

    def convert(handler: _BatchHandler, value: Any) -> StepHandlerResult:
        if not isinstance(value, BatchConfig):
            return _plain(handler, value)
        outcome = handler.create_batch_outcome(value.total_items, value.batch_size, batch_metadata=value.metadata)
        return handler.batch_analyzer_success(outcome, worker_template_name=worker_template)

    return _make(name, version, _BatchHandler, convert)


def batch_worker(name: str, version: str = "1.0.0") -> HandlerDecorator:
    """A handler of one batch; ``batch_context`` is injected (None when the step is no batch worker)."""

    def extra(handler: _BatchHandler, context: StepContext) -> dict[str, Any]:
        return {"batch_context": BatchWorkerContext.from_step_context(context)}

    return _make(name, version, _BatchHandler, extra=extra)


def api_handler(
    name: str,
    base_url: str,
    version: str = "1.0.0",
    timeout: float = 30.0,
    default_headers: dict[str, str] | None = None,
) -> HandlerDecorator:
    """A handler that is given ``api``, the handler with its HTTP methods. ``timeout`` is in seconds."""
    attributes = {"base_url": base_url, "default_timeout": timeout, "default_headers": dict(default_headers or {})}
    return _make(name, version, ApiHandler, extra=lambda handler, context: {"api": handler}, attributes=attributes)

"""Runs one handler and turns what it returned or raised into a ``step.result``."""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NoReturn

from pydantic import BaseModel

from tasker_core.errors import StepCancelledError
from tasker_core.event_bridge import EventBridge, EventNames
from tasker_core.handler import HandlerRegistry
from tasker_core.logging import step_fields
from tasker_core.registry import HandlerDefinition, MethodDispatchWrapper
from tasker_core.step_handler.mixins.api import APIMixin
from tasker_core.types.context import StepContext
from tasker_core.types.results import StepHandlerCallResult, StepHandlerResult
from tasker_core.wire.codec import NotSerializable, decode, encode, safe_text
from tasker_core.wire.execute import ExecuteMessage
from tasker_core.wire.outgoing import MAX_BACKTRACE_BYTES, MessageWriter, cut_backtrace, error_text, timestamp
from tasker_core.wire.trace import parse_traceparent
from tasker_core.worker.async_host import AsyncHost
from tasker_core.worker.context_builder import build_context
from tasker_core.worker.job import RunControl
from tasker_core.worker.step_events import Ending, StepEvents, collect

logger = logging.getLogger("tasker_core.worker")

# A tracer or a metrics hook of the SDK lives here: its frames say nothing about the handler.
_OWN_PACKAGE = "tasker_core.worker"


@dataclass(slots=True)
class Answer:
    """The message to send and what the log line says about it."""

    body: bytes
    status: str
    failed: bool = False
    detail: str = ""
    #: To be called once the broker has confirmed the message; None when nobody waits for that.
    after_confirm: Callable[[], None] | None = None


@dataclass(slots=True)
class _Failure:
    message: str
    error_type: str
    retryable: bool
    error_code: str | None = None
    retry_after: float | None = None
    backtrace: list[str] | None = None
    metadata: dict[str, Any] | None = None


class StepRunner:
    """Executes steps; used by every slot at the same time."""

    def __init__(self, registry: HandlerRegistry, writer: MessageWriter, async_host: AsyncHost | None = None) -> None:
        self._registry = registry
        self._writer = writer
        self._async_host = async_host or AsyncHost()

    def execute(self, message: ExecuteMessage, control: RunControl) -> Answer:
        """Run the step's handler; every outcome, also an exception of any kind, becomes an answer."""
        clock = time.perf_counter()
        process = os.getpid()
        version: str | None = None
        owned: APIMixin | None = None
        context: StepContext | None = None
        try:
            handler, owned = self._resolve(message)
            if handler is None:
                return self._not_found(message)
            version = getattr(handler, "handler_version", None)
            name = getattr(handler, "name", message.callable)
            context = build_context(message, name, control)
            with step_fields(_log_fields(message, context)):
                _notify(EventNames.STEP_EXECUTION_RECEIVED, context.event)
                returned = handler.call(context)
                if inspect.isawaitable(returned):
                    returned = self._async_host.run(returned, control)
            outcome = _outcome_of(returned, name)
        except BaseException as error:
            if os.getpid() != process:
                _end_child(message, error)
            outcome = _failure_of(error, control, message)
            _notify(EventNames.HANDLER_ERROR, None if context is None else context.event, error)
        if os.getpid() != process:
            _end_child(message, None)
        if owned is not None:
            owned.close()
        elapsed = round((time.perf_counter() - clock) * 1000)
        answer = self._answer(message, outcome, control, version, elapsed)
        self._log(message, answer, elapsed)
        return answer

    def _resolve(self, message: ExecuteMessage) -> tuple[Any | None, APIMixin | None]:
        """The handler, and its HTTP side when it was made for this step alone and must be closed after it."""
        initialization = message.handler.get("initialization")
        definition = HandlerDefinition(
            message.callable,
            message.method,
            message.resolver,
            initialization if isinstance(initialization, dict) else {},
        )
        known = self._registry.knows(definition)
        if known is False:
            return None, None
        handler = self._registry.resolve(definition)
        inner = handler.unwrap() if isinstance(handler, MethodDispatchWrapper) else handler
        return handler, inner if known and isinstance(inner, APIMixin) else None

    def _not_found(self, message: ExecuteMessage) -> Answer:
        method = f" (method {message.method})" if message.method else ""
        text = f"this worker has no handler {message.callable}{method}"
        body = self._writer.abandoned(message, "handler_not_found", text, time.time())
        answer = Answer(body, "abandoned", True, f" handler_not_found: {text}")
        self._log(message, answer, 0)
        return answer

    def _answer(
        self,
        message: ExecuteMessage,
        outcome: StepHandlerResult | _Failure,
        control: RunControl,
        version: str | None,
        elapsed: int,
    ) -> Answer:
        try:
            if isinstance(outcome, StepHandlerResult):
                return self._success(message, outcome, control, version, elapsed)
            return self._failed(message, outcome, control, version, elapsed)
        except _Unsendable as error:
            outcome = error.failure
        except Exception as error:
            # Whatever a handler hands over, a step has its answer.
            logger.debug("an answer could not be written", exc_info=True)
            outcome = _Failure(
                f"the result cannot be sent: {type(error).__name__}: {_text_of(error)}", "serialization_error", False
            )
        return self._failed(message, outcome, control, version, elapsed)

    def _success(
        self,
        message: ExecuteMessage,
        outcome: StepHandlerResult,
        control: RunControl,
        version: str | None,
        elapsed: int,
    ) -> Answer:
        result: Any = outcome.result if outcome.result is not None else {}
        metadata = {**outcome.metadata, "retryable": outcome.retryable, "handler_version": version}
        limit = message.max_result_bytes
        if outcome.metadata.get("checkpoint_yield") is True:
            checkpoint = {"cursor": result.get("cursor"), "items_processed": result.get("items_processed", 0)}
            if result.get("accumulated_results") is not None:
                checkpoint["accumulated_results"] = result["accumulated_results"]
            members = {"checkpoint": _member(checkpoint, limit, "checkpoint", "checkpoint_too_large")}
            status = "checkpoint"
        else:
            members = {"result": _member(_with_worker_template(result, message), limit, "result", "result_too_large")}
            status = "completed"
        events = StepEvents()
        if status == "completed":
            ending = Ending(True, result, outcome.metadata, execution_time_ms=elapsed)
            events = _events(message, ending, limit)
        body = self._writer.result(
            message.dispatch_id,
            message.task_uuid,
            message.step_uuid,
            status,
            metadata=_member(metadata, limit, "metadata", "result_too_large"),
            started_at=timestamp(control.started_wall),
            completed_at=timestamp(time.time()),
            execution_time_ms=elapsed,
            events=events.text,
            **members,
        )
        return Answer(body, status, after_confirm=_after_confirm(events, status, body))

    def _failed(
        self, message: ExecuteMessage, failure: _Failure, control: RunControl, version: str | None, elapsed: int
    ) -> Answer:
        metadata = {**(failure.metadata or {}), "retryable": failure.retryable, "handler_version": version}
        try:
            text = _member(metadata, message.max_result_bytes, "metadata", "result_too_large", _LEVELS - 1)
        except _Unsendable as error:
            # The failure itself matters more than what was attached to it.
            reason = safe_text(error.failure.message, 1024)
            text = encode(
                {"retryable": failure.retryable, "handler_version": safe_text(str(version)), "metadata_dropped": reason}
            )
        ending = Ending(
            False,
            None,
            failure.metadata or {},
            failure.message,
            failure.error_type,
            failure.retryable,
            execution_time_ms=elapsed,
        )
        try:
            events = _events(message, ending, message.max_result_bytes)
        except _Unsendable as error:
            # The step has failed already, and its own reason says more.
            logger.warning("%s", error.failure.message)
            events = StepEvents()
        body = self._writer.result(
            message.dispatch_id,
            message.task_uuid,
            message.step_uuid,
            "failed",
            error=error_text(
                failure.message,
                failure.error_type,
                retryable=failure.retryable,
                error_code=failure.error_code,
                retry_after=failure.retry_after,
                backtrace=failure.backtrace,
                metadata=text,
            ),
            metadata=text,
            started_at=timestamp(control.started_wall),
            completed_at=timestamp(time.time()),
            execution_time_ms=elapsed,
            events=events.text,
        )
        detail = f" {failure.error_type}: {_first_line(failure.message)}"
        return Answer(body, "failed", True, detail, _after_confirm(events, "failed", body))

    @staticmethod
    def _log(message: ExecuteMessage, answer: Answer, elapsed: int) -> None:
        logger.log(
            logging.WARNING if answer.failed else logging.INFO,
            "step %s attempt %d/%d %s in %d ms task=%s%s%s",
            message.step_name,
            message.attempt,
            message.max_attempts,
            answer.status,
            elapsed,
            message.task_uuid,
            _trace_note(message),
            answer.detail,
        )


class _Unsendable(Exception):
    def __init__(self, failure: _Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


#: How deep a member of the message may nest: 64 levels with the message itself.
_LEVELS = 63


def _log_fields(message: ExecuteMessage, context: StepContext) -> dict[str, str]:
    fields = {"task": message.task_uuid, "step": message.step_name, "attempt": str(message.attempt)}
    if context.event.trace_id:
        fields["trace_id"] = context.event.trace_id
    return fields


def _trace_note(message: ExecuteMessage) -> str:
    trace = parse_traceparent(message.trace_headers.get("traceparent")) if message.trace_headers else None
    return "" if trace is None else f" trace_id={trace.trace_id}"


def _notify(name: str, *arguments: Any) -> None:
    EventBridge.instance().publish(name, *arguments)


def _events(message: ExecuteMessage, ending: Ending, limit: int) -> StepEvents:
    """The declared events. Raises :class:`_Unsendable` when their payloads are too large together."""
    events = collect(message, ending, lambda: timestamp(time.time()))
    _check_size(events.text, limit, "events", "events_too_large")
    return events


def _after_confirm(events: StepEvents, status: str, body: bytes) -> Callable[[], None] | None:
    """What waits for the confirm: subscribers of this process, and listeners of the event bridge."""
    name = EventNames.STEP_CHECKPOINT_YIELD_SENT if status == "checkpoint" else EventNames.STEP_COMPLETION_SENT
    heard = EventBridge.instance().wants(name)
    if not events.in_process and not heard:
        return None

    def run() -> None:
        events.deliver()
        if heard:
            _notify(name, decode(body))

    return run


def _member(value: Any, limit: int, name: str, too_large: str, levels: int = _LEVELS) -> str:
    try:
        text = encode(value, levels)
    except NotSerializable as error:
        raise _Unsendable(_Failure(f"the {name} cannot be sent: {error}", "serialization_error", False)) from None
    _check_size(text, limit, name, too_large)
    return text


def _check_size(text: str, limit: int, name: str, too_large: str) -> None:
    # A text of n characters has between n and 4n bytes, so most need no second encoding to be measured.
    if len(text) * 4 > limit:
        size = len(text.encode("utf-8"))
        if size > limit:
            raise _Unsendable(
                _Failure(
                    f"the {name} has {size} bytes, the limit is {limit}: store it elsewhere and return a reference",
                    too_large,
                    False,
                )
            )


def _with_worker_template(result: Any, message: ExecuteMessage) -> Any:
    """An analyzer need not name its worker template when only one step can be meant."""
    outcome = result.get("batch_processing_outcome") if isinstance(result, dict) else None
    if not isinstance(outcome, dict) or outcome.get("type") != "create_batches" or outcome.get("worker_template_name"):
        return result
    names = message.step_definition.get("worker_template_names")
    filled = {key: value for key, value in outcome.items() if key != "worker_template_name"}
    if isinstance(names, list) and len(names) == 1:
        filled["worker_template_name"] = names[0]
    return {**result, "batch_processing_outcome": filled}


def _outcome_of(returned: Any, handler_name: str) -> StepHandlerResult | _Failure:
    if isinstance(returned, StepHandlerResult):
        return returned if returned.is_success else _failure_from_result(returned)
    if returned is None or isinstance(returned, dict | BaseModel):
        if isinstance(returned, StepHandlerCallResult):
            if returned.success:
                return StepHandlerResult._make_success(returned.result, returned.metadata)
            failed = StepHandlerResult.failure(returned.error_message or "", metadata=returned.metadata)
            return _failure_from_result(failed)
        payload = returned.model_dump(mode="json") if isinstance(returned, BaseModel) else returned
        return StepHandlerResult.model_construct(
            is_success=True, result=payload if payload is not None else {}, metadata={}, retryable=True
        )
    return _Failure(
        f"handler {handler_name} returned {type(returned).__name__}: return self.success({{...}}), self.failure(...) "
        "or a dict",
        "handler_error",
        False,
    )


def _failure_from_result(result: StepHandlerResult) -> _Failure:
    return _Failure(
        result.error_message or "the handler reported a failure without a message",
        result.error_type or "handler_error",
        result.retryable,
        result.error_code,
        _seconds(result.metadata.get("retry_after_seconds"), result.metadata.get("retry_after")),
        metadata=result.metadata,
    )


def _failure_of(error: BaseException, control: RunControl, message: ExecuteMessage) -> _Failure:
    if isinstance(error, StepCancelledError | asyncio.CancelledError) and control.cancelled:
        if control.reason == "timeout":
            return _Failure(f"the handler ran longer than {message.timeout:g} s", "timeout", True)
        return _Failure("the handler stopped because the step was cancelled", "cancelled", False)
    explicit = getattr(error, "retryable", None)
    retryable = explicit if isinstance(explicit, bool) else True
    lines = _backtrace(error)
    attached = getattr(error, "metadata", None)
    metadata = {
        **(attached if isinstance(attached, dict) else {}),
        "exception_type": type(error).__name__,
        "traceback": safe_text("\n".join(lines), MAX_BACKTRACE_BYTES),
    }
    error_code = getattr(error, "error_code", None)
    return _Failure(
        _text_of(error),
        type(error).__name__,
        retryable,
        error_code if isinstance(error_code, str) else None,
        _seconds(getattr(error, "retry_after", None), metadata.get("retry_after_seconds"), metadata.get("retry_after")),
        lines,
        metadata,
    )


def _end_child(message: ExecuteMessage, error: BaseException | None) -> NoReturn:
    """A process that the handler has forked came out of the handler: only the parent is the worker."""
    if isinstance(error, SystemExit):
        os._exit(error.code if isinstance(error.code, int) else int(error.code is not None))
    how = "returned" if error is None else f"raised {type(error).__name__}"
    text = f"a process forked by handler {message.callable} {how} instead of ending with os._exit(); it ends here"
    print(text, file=sys.stderr, flush=True)  # noqa: T201
    os._exit(1)


def _text_of(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"the handler called sys.exit({error.code!r}): return a result or raise an error instead"
    try:
        return str(error) or type(error).__name__
    except Exception:
        return type(error).__name__  # an exception whose __str__ fails


def _backtrace(error: BaseException) -> list[str]:
    try:
        text = "".join(traceback.format_exception(type(error), error, _skip_own(error.__traceback__)))
    except Exception:
        return [type(error).__name__]
    return cut_backtrace(text.splitlines())


def _skip_own(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and str(trace.tb_frame.f_globals.get("__name__", "")).startswith(_OWN_PACKAGE):
        trace = trace.tb_next
    return trace


def _seconds(*candidates: Any) -> float | None:
    for value in candidates:
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf"):
            return value
    return None


def _first_line(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return safe_text(line if len(line) <= 300 else line[:300] + "...")

"""From a ``step.execute`` to the context a handler sees (logical step event of the SDK contract)."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from tasker_core.types.context import StepContext
from tasker_core.types.event import StepEvent
from tasker_core.wire.execute import ExecuteMessage
from tasker_core.wire.trace import parse_traceparent
from tasker_core.worker.job import RunControl


def _uuid(text: str | None) -> UUID:
    """The protocol says UUID; another text still gets a stable one, so that a handler can run."""
    if text is None:
        return UUID(int=0)
    try:
        return UUID(text)
    except ValueError:
        return uuid5(NAMESPACE_OID, text)


def _with_success(results: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {**entry, "success": entry.get("status") != "failed"} if isinstance(entry, dict) else entry
        for name, entry in results.items()
    }


def build_context(message: ExecuteMessage, handler_name: str, control: RunControl | None) -> StepContext:
    """Models are constructed without validation: the members were checked when the message was read."""
    task, step, definition = message.task, message.step, message.step_definition
    dependency_results = _with_success(message.dependency_results)
    correlation_id = _uuid(message.correlation_id)
    parent = task.get("parent_correlation_id")
    task_uuid, step_uuid = _uuid(message.task_uuid), _uuid(message.step_uuid)
    trace = parse_traceparent(message.trace_headers.get("traceparent")) if message.trace_headers else None
    context = task.get("context")
    inputs = step.get("inputs")
    initialization = message.handler.get("initialization")
    finished = message.attempt - 1
    data: dict[str, Any] = {
        "task": {
            "task": {**task, "task_uuid": message.task_uuid},
            "task_name": task.get("name"),
            "task_version": task.get("version"),
            "namespace_name": task.get("namespace"),
        },
        "workflow_step": {
            **step,
            "workflow_step_uuid": message.step_uuid,
            "task_uuid": message.task_uuid,
            "attempts": finished,
            "in_process": True,
            "processed": False,
            "results": None,
        },
        "dependency_results": dependency_results,
        "step_definition": {
            **definition,
            "name": step.get("template_step_name") or message.step_name,
            "handler": message.handler,
            "retry": {"retryable": step.get("retryable"), "max_attempts": message.max_attempts},
            "timeout_seconds": message.timeout,
        },
    }
    event = StepEvent.model_construct(
        event_id=message.dispatch_id,
        task_uuid=task_uuid,
        step_uuid=step_uuid,
        correlation_id=correlation_id,
        task_correlation_id=correlation_id,
        parent_correlation_id=_uuid(parent) if isinstance(parent, str) else None,
        task_sequence_step=data,
        trace_id=trace.trace_id if trace else None,
        span_id=trace.parent_id if trace else None,
    )
    built = StepContext.model_construct(
        event=event,
        task_uuid=task_uuid,
        step_uuid=step_uuid,
        correlation_id=correlation_id,
        handler_name=handler_name,
        input_data=context if isinstance(context, dict) else {},
        dependency_results=dependency_results,
        step_config=initialization if isinstance(initialization, dict) else {},
        step_inputs=inputs if isinstance(inputs, dict) else {},
        retry_count=finished,
        max_retries=message.max_attempts,
    )
    built._probe = control
    return built

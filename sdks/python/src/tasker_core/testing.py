"""Test kit: a context from plain values, and a handler run the way the worker runs it. No broker."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from tasker_core.handler import HandlerRegistry
from tasker_core.registry.base_resolver import instantiate
from tasker_core.registry.resolvers.class_lookup import handler_class_of
from tasker_core.step_handler.base import StepHandler
from tasker_core.types.context import StepContext
from tasker_core.types.event import StepEvent
from tasker_core.types.results import StepHandlerResult
from tasker_core.wire.codec import decode, encode
from tasker_core.wire.execute import parse_execute
from tasker_core.wire.outgoing import MessageWriter, WorkerIdentity
from tasker_core.worker.job import RunControl
from tasker_core.worker.runner import StepRunner

__all__ = ["StepProbe", "assert_success", "call_handler", "run_step", "step_context", "step_message"]


class StepProbe:
    """What the worker would see of a running step: set ``cancelled``, look at ``progress``."""

    def __init__(self, cancelled: bool = False) -> None:
        self.cancelled = cancelled
        self.progress: tuple[Any, Any, Any] | None = None


def _dependencies(results: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: {"status": "completed", "result": value, "metadata": {}} for name, value in (results or {}).items()}


def step_message(
    callable: str = "handler",
    *,
    input: Mapping[str, Any] | None = None,
    dependencies: Mapping[str, Any] | None = None,
    config: Mapping[str, Any] | None = None,
    step_inputs: Mapping[str, Any] | None = None,
    method: str | None = None,
    name: str = "step",
    attempt: int = 1,
    max_attempts: int = 3,
    checkpoint: Mapping[str, Any] | None = None,
    worker_template_names: list[str] | None = None,
    timeout_ms: int | None = 30_000,
) -> dict[str, Any]:
    """A complete ``step.execute`` message; ``dependencies`` are results of earlier steps by name."""
    return {
        "protocol": "1.0",
        "kind": "step.execute",
        "dispatch_id": str(uuid4()),
        "reply_to": "tasker.results.0",
        "task": {
            "uuid": str(uuid4()),
            "name": "task",
            "namespace": "default",
            "version": "1.0.0",
            "correlation_id": str(uuid4()),
            "parent_correlation_id": None,
            "context": dict(input or {}),
            "initiator": "test",
            "source_system": "test",
            "tags": [],
            "priority": 0,
            "requested_at": "2026-01-01T00:00:00.000Z",
        },
        "step": {
            "uuid": str(uuid4()),
            "name": name,
            "template_step_name": name,
            "type": "standard",
            "attempt": attempt,
            "max_attempts": max_attempts,
            "retryable": True,
            "timeout_ms": timeout_ms,
            "inputs": dict(step_inputs or {}),
            "checkpoint": None if checkpoint is None else dict(checkpoint),
            "backoff_request_seconds": None,
            "last_attempted_at": None,
        },
        "handler": {"callable": callable, "method": method, "resolver": None, "initialization": dict(config or {})},
        "step_definition": {
            "description": "",
            "dependencies": list(dependencies or {}),
            "publishes_events": [],
            "worker_template_names": worker_template_names or [],
        },
        "dependency_results": _dependencies(dependencies),
        "limits": {"max_result_bytes": 1_048_576, "heartbeat_interval_ms": 20_000, "ack_deadline_ms": 600_000},
    }


def step_context(
    *,
    input: Mapping[str, Any] | None = None,
    dependencies: Mapping[str, Any] | None = None,
    config: Mapping[str, Any] | None = None,
    step_inputs: Mapping[str, Any] | None = None,
    retry_count: int = 0,
    max_retries: int = 3,
    checkpoint: Mapping[str, Any] | None = None,
    handler_name: str = "handler",
    task_uuid: UUID | None = None,
    probe: StepProbe | None = None,
) -> StepContext:
    """A context from plain values; ``dependencies`` are results of earlier steps by name, not wrapped."""
    event = StepEvent(
        event_id=str(uuid4()),
        task_uuid=task_uuid or uuid4(),
        step_uuid=uuid4(),
        correlation_id=uuid4(),
        task_sequence_step={
            "task": {"task": {"context": dict(input or {})}, "task_name": "task", "namespace_name": "default"},
            "workflow_step": {
                "name": "step",
                "attempts": retry_count,
                "max_attempts": max_retries,
                "inputs": dict(step_inputs or {}),
                "checkpoint": None if checkpoint is None else dict(checkpoint),
            },
            "dependency_results": _dependencies(dependencies),
            "step_definition": {
                "name": "step",
                "handler": {"callable": handler_name, "initialization": dict(config or {})},
            },
        },
    )
    context = StepContext.from_event(event, handler_name)
    context._probe = probe
    return context


def call_handler(handler: Any, context: StepContext | None = None, method: str = "call", **values: Any) -> Any:
    """Call a handler (class, instance or decorated function) and await it if need be; exceptions come through.

    ``values`` are those of :func:`step_context` when no context is given.
    """
    made = context if context is not None else step_context(**values)
    handler_class = handler_class_of(handler)
    instance = handler if handler_class is None else instantiate(handler_class, made.step_config)
    returned = getattr(instance, method)(made)
    if not inspect.isawaitable(returned):
        return returned

    async def wait() -> Any:
        return await returned

    return asyncio.run(wait())


def run_step(
    handler: Any, *, method: str | None = None, probe: RunControl | None = None, **values: Any
) -> dict[str, Any]:
    """Run a handler exactly as a worker does, exceptions included; gives the ``step.result`` message it would send.

    ``values`` are those of :func:`step_message`. Everything goes through JSON, so what cannot be sent shows here.
    """
    registry = HandlerRegistry()
    handler_class = handler_class_of(handler)
    if handler_class is not None:
        registry.register("handler", handler_class)
    elif isinstance(handler, StepHandler):
        registry.resolver_chain.register("handler", handler)
    else:
        raise TypeError(f"{handler!r} is neither a handler class, a handler nor a decorated function")
    message = parse_execute(encode(step_message("handler", method=method, **values)).encode())
    writer = MessageWriter(WorkerIdentity("test", "tasker-python/test", "localhost"))
    sent: dict[str, Any] = decode(StepRunner(registry, writer).execute(message, probe or RunControl()).body)
    return sent


def assert_success(result: StepHandlerResult) -> dict[str, Any]:
    """The payload of a success; an ``AssertionError`` with the failure's message otherwise."""
    if not result.is_success:
        raise AssertionError(f"the handler failed: {result.error_type}: {result.error_message}")
    return result.result or {}

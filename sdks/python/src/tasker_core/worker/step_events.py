"""The events that a step declares: payloads for the result message, and events for subscribers in this process."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from tasker_core.domain_events.hub import hub
from tasker_core.domain_events.models import (
    DomainEventMetadata,
    EventDeclaration,
    ExecutionResult,
    InProcessDomainEvent,
    StepEventContext,
)
from tasker_core.domain_events.publisher_registry import PublisherRegistry
from tasker_core.wire.codec import NotSerializable, decode, encode
from tasker_core.wire.execute import ExecuteMessage

logger = logging.getLogger("tasker_core.domain_events")

_IN_PROCESS = ("fast", "broadcast")


@dataclass(slots=True)
class Ending:
    """How the handler ended, as far as events are concerned."""

    success: bool
    result: Any = None
    metadata: dict[str, Any] = field(default_factory=dict)
    error_message: str | None = None
    error_type: str | None = None
    retryable: bool = False
    execution_time_ms: int = 0


@dataclass(slots=True)
class StepEvents:
    """What the events of one step come to."""

    #: The member ``events`` of the result, as JSON text.
    text: str = "[]"
    #: Events to hand to subscribers once the result is confirmed.
    in_process: list[InProcessDomainEvent] = field(default_factory=list)

    def deliver(self) -> None:
        for event in self.in_process:
            hub.deliver(event)


def collect(message: ExecuteMessage, ending: Ending, fired_at: Callable[[], str]) -> StepEvents:
    """Run the publishers of the declared events. Nothing that they do changes the step."""
    declared = message.step_definition.get("publishes_events")
    if not isinstance(declared, list) or not declared:
        return StepEvents()
    found = StepEvents()
    entries: list[str] = []
    seen: set[str] = set()
    for value in declared:
        declaration = _declaration(value)
        if declaration is None or declaration.name in seen:
            continue
        seen.add(declaration.name)
        if declaration.publisher and _may_hold(declaration.condition, ending):
            entry, payload, metadata, published = _entry(message, ending, declaration)
            if entry is not None:
                entries.append(entry)
            if not published:
                continue
        else:
            payload, metadata = ending.result, {}
        if declaration.delivery_mode in _IN_PROCESS and hub.has_listeners and _holds(declaration, ending, message):
            event = _event(message, ending, declaration, payload, metadata, fired_at())
            if event is not None:
                found.in_process.append(event)
    if entries:
        found.text = f"[{','.join(entries)}]"
    return found


def _declaration(value: Any) -> EventDeclaration | None:
    try:
        return EventDeclaration.model_validate(value)
    except ValueError:
        return None  # an unusual template must not fail the step


def _may_hold(condition: str | None, ending: Ending) -> bool:
    """Which retries follow is the orchestrator's decision, so a failure may still be of either kind."""
    wanted = condition or "success"
    return wanted in ("success", "always") if ending.success else wanted != "success"


def _holds(declaration: EventDeclaration, ending: Ending, message: ExecuteMessage) -> bool:
    """The same, decided here for subscribers in this process."""
    condition = declaration.condition or "success"
    if ending.success or condition in ("success", "failure", "always"):
        return _may_hold(condition, ending)
    again = ending.retryable and message.step.get("retryable") is not False and message.attempt < message.max_attempts
    return condition == ("retryable_failure" if again else "permanent_failure")


def _entry(
    message: ExecuteMessage, ending: Ending, declaration: EventDeclaration
) -> tuple[str | None, Any, dict[str, Any], bool]:
    """JSON text of the entry, payload, metadata, and whether the event is to be published."""
    name = declaration.name
    publisher = PublisherRegistry.instance().get(declaration.publisher or "")
    if publisher is None:
        logger.warning(
            "event %s: no publisher %s is registered in this worker; the step's result is its payload",
            name,
            declaration.publisher,
        )
        return None, ending.result, {}, True
    prepared = publisher.prepare(_context(message, ending), name)
    refused: tuple[str | None, Any, dict[str, Any], bool] = (
        f'{{"name":{encode(name)},"suppress":true}}',
        None,
        {},
        False,
    )
    if prepared is None:
        return refused
    try:
        text = (
            f'{{"name":{encode(name)},"payload":{encode(prepared.payload, 61)},'
            f'"metadata":{encode(prepared.metadata, 61)}}}'
        )
    except NotSerializable as error:
        publisher.report_error(name, ValueError(f"the payload cannot be sent: {error}"), prepared.payload)
        return refused
    return text, prepared.payload, prepared.metadata, True


def _context(message: ExecuteMessage, ending: Ending) -> StepEventContext:
    metadata = dict(ending.metadata)
    if not ending.success:
        metadata.update(error_message=ending.error_message, error_type=ending.error_type, retryable=ending.retryable)
    return StepEventContext(
        task_uuid=message.task_uuid,
        step_uuid=message.step_uuid,
        step_name=message.step_name,
        namespace=str(message.task.get("namespace") or "default"),
        correlation_id=message.correlation_id,
        result=ending.result if ending.success else None,
        metadata=metadata,
    )


def _event(
    message: ExecuteMessage,
    ending: Ending,
    declaration: EventDeclaration,
    payload: Any,
    metadata: dict[str, Any],
    fired_at: str,
) -> InProcessDomainEvent | None:
    own = {
        "task_uuid": message.task_uuid,
        "step_uuid": message.step_uuid,
        "step_name": message.step_name,
        "namespace": str(message.task.get("namespace") or "default"),
        "correlation_id": message.correlation_id,
        "fired_at": fired_at,
        "fired_by": declaration.publisher or message.callable,
    }
    try:
        # Subscribers get what consumers on the broker would: plain JSON values, and nobody's own objects.
        payload, result = decode(encode([payload, ending.result]).encode())
        identity = uuid5(UUID(message.step_uuid), f"{message.attempt}:{declaration.name}")
        return InProcessDomainEvent(
            event_id=str(identity),
            event_name=declaration.name,
            metadata=DomainEventMetadata.model_validate({**metadata, **own}),
            payload=payload,
            execution_result=ExecutionResult(
                success=ending.success,
                result=result if ending.success else None,
                error_message=ending.error_message,
                error_type=ending.error_type,
                execution_time_ms=ending.execution_time_ms,
            ),
        )
    except (NotSerializable, ValueError) as error:
        logger.warning("event %s is not delivered in this process: %s", declaration.name, error)
        return None

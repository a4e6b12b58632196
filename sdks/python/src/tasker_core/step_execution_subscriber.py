"""Watches the steps of this process, and runs one on request."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from tasker_core.event_bridge import EventBridge, EventNames
from tasker_core.handler import HandlerRegistry
from tasker_core.registry import HandlerDefinition
from tasker_core.types.context import StepContext
from tasker_core.types.event import StepEvent
from tasker_core.types.results import StepExecutionError, StepHandlerResult

__all__ = ["StepExecutionError", "StepExecutionSubscriber"]


class StepExecutionSubscriber:
    """Counts what the worker runs, and executes a :class:`StepEvent` outside a worker.

    A worker runs its steps by itself: starting a subscriber changes nothing about them.
    """

    def __init__(
        self,
        event_bridge: EventBridge | None = None,
        handler_registry: HandlerRegistry | None = None,
        worker_id: str = "worker",
    ) -> None:
        self.event_bridge = event_bridge or EventBridge.instance()
        self.handler_registry = handler_registry or HandlerRegistry.instance()
        self.worker_id = worker_id
        self.execution_count = 0
        self.error_count = 0
        self._active = False

    def start(self) -> None:
        """Count from now on."""
        if not self._active:
            self._active = True
            self.event_bridge.subscribe(EventNames.STEP_EXECUTION_RECEIVED, self._received)
            self.event_bridge.subscribe(EventNames.HANDLER_ERROR, self._failed)

    def stop(self) -> None:
        if self._active:
            self._active = False
            self.event_bridge.unsubscribe(EventNames.STEP_EXECUTION_RECEIVED, self._received)
            self.event_bridge.unsubscribe(EventNames.HANDLER_ERROR, self._failed)

    @property
    def is_active(self) -> bool:
        return self._active

    def execute(self, event: StepEvent) -> StepHandlerResult:
        """Run the handler that the event's step definition names and wait for it; what it raises comes through.

        Raises :class:`StepExecutionError` when there is no such handler, or when it returns no result.
        """
        definition = event.task_sequence_step.get("step_definition") or {}
        handler = HandlerDefinition.from_dict(definition.get("handler") or {})
        found = self.handler_registry.resolve(handler) if handler.callable else None
        if found is None:
            raise StepExecutionError(
                f"no handler {handler.callable or '(the event names none)'}", "handler_not_found", False
            )
        returned = found.call(StepContext.from_event(event, getattr(found, "name", handler.callable)))
        if inspect.isawaitable(returned):
            returned = asyncio.run(_awaited(returned))
        if returned is None or isinstance(returned, dict):
            return StepHandlerResult._make_success(returned or {}, None)
        if not isinstance(returned, StepHandlerResult):
            raise StepExecutionError(f"handler {handler.callable} returned {type(returned).__name__}", retryable=False)
        return returned

    def _received(self, _event: StepEvent) -> None:
        self.execution_count += 1

    def _failed(self, _event: StepEvent, _error: BaseException) -> None:
        self.error_count += 1


async def _awaited(value: Any) -> Any:
    return await value

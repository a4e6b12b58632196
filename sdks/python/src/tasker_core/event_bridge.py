"""Notifications inside the worker's process: what the worker does, for those who want to know."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["EventBridge", "EventNames"]

logger = logging.getLogger("tasker_core.events")
Listener = Callable[..., Any]


class EventNames:
    """The names of the worker's own notifications."""

    STEP_EXECUTION_RECEIVED = "step.execution.received"
    STEP_COMPLETION_SENT = "step.completion.sent"
    STEP_CHECKPOINT_YIELD_SENT = "step.checkpoint_yield.sent"
    HANDLER_REGISTERED = "handler.registered"
    HANDLER_ERROR = "handler.error"


_SCHEMA: dict[str, str] = {
    EventNames.STEP_EXECUTION_RECEIVED: "StepEvent: the step that is about to run",
    EventNames.STEP_COMPLETION_SENT: "dict: the step.result message, confirmed by the broker",
    EventNames.STEP_CHECKPOINT_YIELD_SENT: "dict: the step.result message with the checkpoint, confirmed by the broker",
    EventNames.HANDLER_REGISTERED: "str, type: the name and the handler class",
    EventNames.HANDLER_ERROR: "StepEvent, BaseException: the step and what its handler raised",
}


class EventBridge:
    """A bus for listeners in the same process. Listeners run in the publisher's thread and should be quick; what they
    raise is logged and goes no further.
    """

    _shared: EventBridge | None = None
    _shared_lock = threading.Lock()

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._listeners: dict[str, list[tuple[Listener, bool]]] = {}
        self._active = False

    @classmethod
    def instance(cls) -> EventBridge:
        """The bus of the process."""
        with cls._shared_lock:
            if cls._shared is None:
                cls._shared = cls()
            return cls._shared

    @classmethod
    def reset_instance(cls) -> None:
        """Forget the bus of the process (for tests)."""
        with cls._shared_lock:
            if cls._shared is not None:
                cls._shared.stop()
            cls._shared = None

    def start(self) -> None:
        """Pass notifications on from now on."""
        self._active = True

    def stop(self) -> None:
        """Pass nothing on, and forget the listeners."""
        with self._lock:
            self._active = False
            self._listeners.clear()

    @property
    def is_active(self) -> bool:
        return self._active

    def subscribe(self, event_name: str, listener: Listener) -> None:
        """Call ``listener`` with the notification's arguments, every time."""
        with self._lock:
            self._listeners.setdefault(event_name, []).append((listener, False))

    def subscribe_once(self, event_name: str, listener: Listener) -> None:
        """Call ``listener`` the next time only."""
        with self._lock:
            self._listeners.setdefault(event_name, []).append((listener, True))

    def unsubscribe(self, event_name: str, listener: Listener) -> bool:
        """False when it was not subscribed."""
        with self._lock:
            known = self._listeners.get(event_name, [])
            kept = [entry for entry in known if entry[0] != listener]
            self._listeners[event_name] = kept
            return len(kept) < len(known)

    def publish(self, event_name: str, *arguments: Any) -> int:
        """Call the listeners; returns how many. Does nothing while the bus is stopped."""
        if not self._active or not self._listeners.get(event_name):
            return 0
        with self._lock:
            chosen = list(self._listeners.get(event_name, []))
            self._listeners[event_name] = [entry for entry in chosen if not entry[1]]
        for listener, _ in chosen:
            try:
                listener(*arguments)
            except Exception as error:
                logger.warning("a listener of %s raised %s: %s", event_name, type(error).__name__, error)
        return len(chosen)

    def wants(self, event_name: str) -> bool:
        """Whether publishing would reach anybody."""
        return self._active and bool(self._listeners.get(event_name))

    def listener_count(self, event_name: str | None = None) -> int:
        """Of one name, or of all."""
        names = [event_name] if event_name is not None else list(self._listeners)
        return sum(len(self._listeners.get(name, [])) for name in names)

    def listeners(self, event_name: str) -> list[Listener]:
        return [listener for listener, _ in self._listeners.get(event_name, [])]

    @staticmethod
    def event_schema() -> dict[str, str]:
        """What each notification carries."""
        return dict(_SCHEMA)

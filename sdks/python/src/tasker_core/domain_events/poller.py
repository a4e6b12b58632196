"""The queue between the worker and subscribers."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from tasker_core.domain_events.hub import hub
from tasker_core.domain_events.models import InProcessDomainEvent

logger = logging.getLogger("tasker_core.domain_events")

#: Events that wait for slow subscribers; older ones are dropped, for memory must stay bounded.
MOST_WAITING = 10_000


class InProcessDomainEventPoller:
    """Calls its callbacks for every ``fast`` and ``broadcast`` event of this worker, in order, on one thread.

    The worker feeds it, so nothing is polled: ``polling_interval_ms`` and ``max_events_per_poll`` are accepted for
    older callers and change nothing.
    """

    def __init__(self, polling_interval_ms: int = 10, max_events_per_poll: int = 100) -> None:
        self.polling_interval_ms = polling_interval_ms
        self.max_events_per_poll = max_events_per_poll
        self._event_callbacks: list[Callable[[InProcessDomainEvent], None]] = []
        self._error_callbacks: list[Callable[[Exception], None]] = []
        self._waiting: deque[InProcessDomainEvent] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._delivered = self._failed = self._dropped = 0

    def on_event(self, callback: Callable[[InProcessDomainEvent], None]) -> None:
        """Call this with every event; what it raises goes to the error callbacks."""
        self._event_callbacks.append(callback)

    def on_error(self, callback: Callable[[Exception], None]) -> None:
        """Call this with what an event callback has raised."""
        self._error_callbacks.append(callback)

    def start(self) -> None:
        """Take events from now on. Does nothing when it runs."""
        with self._changed:
            if self._thread is not None and self._thread.is_alive():
                return
            self._stopping = False
            self._thread = threading.Thread(target=self._serve, name="tasker-events", daemon=True)
            self._thread.start()
        hub.attach(self)

    def stop(self, timeout: float = 5.0) -> None:
        """Take no more events, finish with those that wait; at most ``timeout`` seconds."""
        hub.detach(self)
        with self._changed:
            self._stopping = True
            self._changed.notify()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive() and not self._stopping

    @property
    def stats(self) -> dict[str, Any]:
        """Counters since it was made."""
        return {
            "delivered": self._delivered,
            "failed": self._failed,
            "dropped": self._dropped,
            "waiting": len(self._waiting),
            "running": self.is_running,
        }

    def offer(self, event: InProcessDomainEvent) -> None:
        """Put an event into the queue; called by the worker."""
        with self._changed:
            if len(self._waiting) >= MOST_WAITING:
                self._waiting.popleft()
                self._dropped += 1
                if self._dropped == 1:
                    logger.warning("subscribers are too slow: events are dropped (%d wait)", MOST_WAITING)
            self._waiting.append(event)
            self._changed.notify()

    def _serve(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._stopping:
                    self._changed.wait()
                if not self._waiting:
                    return
                event = self._waiting.popleft()
            for callback in list(self._event_callbacks):
                try:
                    callback(event)
                except Exception as error:
                    self._failed += 1
                    self._report(event, error)
            self._delivered += 1

    def _report(self, event: InProcessDomainEvent, error: Exception) -> None:
        logger.warning("a subscriber of %s raised %s: %s", event.event_name, type(error).__name__, error)
        for callback in list(self._error_callbacks):
            try:
                callback(error)
            except Exception as second:
                logger.warning("an error callback raised %s: %s", type(second).__name__, second)

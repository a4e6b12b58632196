"""From the worker to the pollers of this process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tasker_core.domain_events.models import InProcessDomainEvent

if TYPE_CHECKING:
    from tasker_core.domain_events.poller import InProcessDomainEventPoller


class EventHub:
    """Hands each event to every running poller; never blocks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pollers: list[InProcessDomainEventPoller] = []

    def attach(self, poller: InProcessDomainEventPoller) -> None:
        with self._lock:
            if poller not in self._pollers:
                self._pollers.append(poller)

    def detach(self, poller: InProcessDomainEventPoller) -> None:
        with self._lock:
            if poller in self._pollers:
                self._pollers.remove(poller)

    @property
    def has_listeners(self) -> bool:
        """Whether building an event is worth the while."""
        return bool(self._pollers)

    def deliver(self, event: InProcessDomainEvent) -> None:
        for poller in list(self._pollers):
            poller.offer(event)


hub = EventHub()

"""Starts the subscribers that the imported modules have registered."""

from __future__ import annotations

from tasker_core.domain_events.poller import InProcessDomainEventPoller
from tasker_core.domain_events.subscriber_registry import SubscriberRegistry


class Subscribers:
    """A poller of the worker's own for subscribers that nobody has started; programs may start theirs themselves."""

    def __init__(self) -> None:
        self._poller: InProcessDomainEventPoller | None = None

    def start(self) -> None:
        """Does nothing when there are no subscribers, or when they run already."""
        registry = SubscriberRegistry.instance()
        if registry.list_registered() and registry.active_count == 0:
            self._poller = InProcessDomainEventPoller()
            registry.start_all(self._poller)
            self._poller.start()

    def stop(self) -> None:
        """Let the subscribers finish with the events that are there."""
        if self._poller is not None:
            self._poller.stop()
            SubscriberRegistry.instance().stop_all()
            self._poller = None

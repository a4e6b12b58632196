"""Subscribers: code of the worker's process that reacts to events."""

from __future__ import annotations

import fnmatch
import logging
from abc import ABC, abstractmethod
from typing import Any

from tasker_core.domain_events.models import InProcessDomainEvent
from tasker_core.domain_events.poller import InProcessDomainEventPoller

logger = logging.getLogger("tasker_core.domain_events")


class BaseSubscriber(ABC):
    """Handles ``fast`` and ``broadcast`` events of the steps that run in this process."""

    def __init__(self) -> None:
        self._active = False
        self._pollers: list[InProcessDomainEventPoller] = []

    @classmethod
    @abstractmethod
    def subscribes_to(cls) -> list[str]:
        """Patterns of event names: ``*``, ``payment.*``, ``payment.charged``."""

    @abstractmethod
    def handle(self, event: dict[str, Any]) -> None:
        """React. The event has the form that it has on the broker."""

    def before_handle(self, event: dict[str, Any]) -> bool:
        """False skips the event."""
        return True

    def after_handle(self, event: dict[str, Any]) -> None:
        """The event was handled."""

    def on_handle_error(self, event: dict[str, Any], error: Exception) -> None:
        """A hook or ``handle`` has raised; logged already."""

    def handle_event_safely(self, event: dict[str, Any]) -> bool:
        """Run the hooks and ``handle``; True when the event was handled. Nothing is raised."""
        try:
            if not self.before_handle(event):
                return False
            self.handle(event)
            self.after_handle(event)
        except Exception as error:
            logger.warning(
                "subscriber %s: event %s: %s: %s",
                type(self).__name__,
                event.get("event_name"),
                type(error).__name__,
                error,
            )
            try:
                self.on_handle_error(event, error)
            except Exception as second:
                logger.warning("on_handle_error of %s raised %s", type(self).__name__, second)
            return False
        return True

    @classmethod
    def matches(cls, event_name: str) -> bool:
        """Whether one of the patterns fits the name."""
        return any(fnmatch.fnmatchcase(event_name, pattern) for pattern in cls.subscribes_to())

    def start(self, poller: InProcessDomainEventPoller) -> None:
        """Handle the poller's events from now on."""
        self._active = True
        if poller not in self._pollers:
            self._pollers.append(poller)
            poller.on_event(self._receive)

    def stop(self) -> None:
        """Ignore what comes from now on."""
        self._active = False

    @property
    def active(self) -> bool:
        return self._active

    @property
    def subscriptions(self) -> list[str]:
        return list(self.subscribes_to())

    def _receive(self, event: InProcessDomainEvent) -> None:
        if self._active and self.matches(event.event_name):
            self.handle_event_safely(event.to_dict())

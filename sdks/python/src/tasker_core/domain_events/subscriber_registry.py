"""The subscribers of a process."""

from __future__ import annotations

import threading
from typing import Any

from tasker_core.domain_events.poller import InProcessDomainEventPoller
from tasker_core.domain_events.subscriber import BaseSubscriber


class SubscriberRegistry:
    """Register subscribers when the module with the handlers is imported; the worker starts them."""

    _shared: SubscriberRegistry | None = None
    _shared_lock = threading.Lock()

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._classes: list[type[BaseSubscriber]] = []
        self._instances: list[BaseSubscriber] = []

    @classmethod
    def instance(cls) -> SubscriberRegistry:
        """The registry of the process."""
        with cls._shared_lock:
            if cls._shared is None:
                cls._shared = cls()
            return cls._shared

    def register(self, subscriber_class: type[BaseSubscriber]) -> None:
        """A class, of which one instance is made at the start. Raises ``TypeError`` for anything else."""
        if not (isinstance(subscriber_class, type) and issubclass(subscriber_class, BaseSubscriber)):
            raise TypeError(f"{subscriber_class!r} is not a subclass of BaseSubscriber")
        with self._lock:
            if subscriber_class not in self._classes:
                self._classes.append(subscriber_class)

    def register_instance(self, subscriber: BaseSubscriber) -> None:
        """An instance that exists already."""
        if not isinstance(subscriber, BaseSubscriber):
            raise TypeError(f"{subscriber!r} is not a BaseSubscriber")
        with self._lock:
            if subscriber not in self._instances:
                self._instances.append(subscriber)

    def start_all(self, poller: InProcessDomainEventPoller) -> int:
        """Start every subscriber on this poller; returns how many are active."""
        with self._lock:
            made = {type(subscriber) for subscriber in self._instances}
            self._instances += [cls() for cls in self._classes if cls not in made]
            for subscriber in self._instances:
                subscriber.start(poller)
            return len(self._instances)

    def stop_all(self) -> None:
        for subscriber in list(self._instances):
            subscriber.stop()

    def list_registered(self) -> list[str]:
        """Class names, in the order of registration."""
        names = [cls.__name__ for cls in self._classes] + [type(one).__name__ for one in self._instances]
        return list(dict.fromkeys(names))

    @property
    def active_count(self) -> int:
        return sum(subscriber.active for subscriber in self._instances)

    @property
    def stats(self) -> dict[str, Any]:
        return {
            "registered": len(self.list_registered()),
            "active": self.active_count,
            "subscriptions": {type(one).__name__: one.subscriptions for one in self._instances},
        }

    def clear(self) -> None:
        """Stop and forget all subscribers."""
        self.stop_all()
        with self._lock:
            self._classes.clear()
            self._instances.clear()

    @classmethod
    def reset(cls) -> None:
        """Stop and forget the registry of the process (for tests)."""
        with cls._shared_lock:
            if cls._shared is not None:
                cls._shared.clear()
            cls._shared = None

"""The publishers of a process by name."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable

from tasker_core.domain_events.publisher import BasePublisher, DefaultPublisher

logger = logging.getLogger("tasker_core.domain_events")


class PublisherRegistry:
    """Register publishers when the module with the handlers is imported; the worker looks them up by name."""

    _shared: PublisherRegistry | None = None
    _shared_lock = threading.Lock()

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._publishers: dict[str, BasePublisher] = {}
        self._default = DefaultPublisher()
        self._frozen = False

    @classmethod
    def instance(cls) -> PublisherRegistry:
        """The registry of the process."""
        with cls._shared_lock:
            if cls._shared is None:
                cls._shared = cls()
            return cls._shared

    @classmethod
    def reset(cls) -> None:
        """Forget the registry of the process (for tests)."""
        with cls._shared_lock:
            cls._shared = None

    def register(self, publisher: BasePublisher, name: str | None = None) -> None:
        """Make a publisher known under its name, or under ``name``; one that had the name is replaced with a warning.

        Raises ``TypeError`` for anything that is no publisher, ``RuntimeError`` when the registry is frozen.
        """
        if not isinstance(publisher, BasePublisher):
            raise TypeError(f"{publisher!r} is not a BasePublisher: register an instance, not the class")
        key = name or publisher.publisher_name
        with self._lock:
            if self._frozen:
                raise RuntimeError(f"publisher {key} comes too late: the registry is frozen")
            known = self._publishers.get(key)
            if known is not None and known is not publisher:
                logger.warning("publisher %s: %s replaces %s", key, type(publisher).__name__, type(known).__name__)
            self._publishers[key] = publisher

    def get(self, name: str) -> BasePublisher | None:
        return self._publishers.get(name)

    def get_or_default(self, name: str | None = None) -> BasePublisher:
        """The publisher of that name, else the one that passes the step's result on."""
        return self._publishers.get(name or "", self._default)

    def validate_required(self, names: Iterable[str]) -> list[str]:
        """Those of the names that are not registered."""
        return [name for name in names if name not in self._publishers]

    def freeze(self) -> None:
        """Refuse further registrations."""
        self._frozen = True

    def unfreeze(self) -> None:
        self._frozen = False

    @property
    def is_frozen(self) -> bool:
        return self._frozen

    def list_publishers(self) -> list[str]:
        return sorted(self._publishers)

    def clear(self) -> None:
        with self._lock:
            self._publishers.clear()

"""The interface of a resolver and the way classes become instances."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from functools import lru_cache
from typing import Any

from tasker_core.registry.handler_definition import HandlerDefinition


class BaseResolver(ABC):
    """Finds handlers. Lower ``priority`` is asked first: 10 explicit mapping, 50 custom, 100 class lookup."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What a template's ``handler.resolver`` calls it."""

    @property
    @abstractmethod
    def priority(self) -> int:
        """Place in the chain."""

    @abstractmethod
    def can_resolve(self, definition: HandlerDefinition, config: dict[str, Any] | None = None) -> bool:
        """Whether this resolver is responsible for the definition."""

    @abstractmethod
    def resolve(self, definition: HandlerDefinition, config: dict[str, Any] | None = None) -> Any | None:
        """A handler instance, or None."""

    def registered_callables(self) -> list[str]:
        """Names this resolver knows in advance, for the worker's announcement."""
        return []


@lru_cache(maxsize=1024)
def _takes_config(cls: type) -> bool:
    try:
        return "config" in inspect.signature(cls).parameters
    except (TypeError, ValueError):
        return False


def instantiate(cls: type, initialization: dict[str, Any]) -> Any:
    """``cls(config=initialization)`` when the constructor asks for it, else ``cls()``."""
    return cls(config=initialization) if _takes_config(cls) else cls()

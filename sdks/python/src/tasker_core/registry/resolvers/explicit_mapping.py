"""Names that were registered."""

from __future__ import annotations

import inspect
from typing import Any

from tasker_core.registry.base_resolver import BaseResolver, instantiate
from tasker_core.registry.handler_definition import HandlerDefinition
from tasker_core.step_handler.base import StepHandler


class ExplicitMappingResolver(BaseResolver):
    """A table from name to class, instance or ``factory(config)``."""

    def __init__(self, name: str = "explicit_mapping") -> None:
        self._name = name
        self._entries: dict[str, Any] = {}

    @property
    def name(self) -> str:
        return self._name

    @property
    def priority(self) -> int:
        return 10

    def register(self, key: str, handler: Any) -> None:
        """Add or replace an entry."""
        self._entries[key] = handler

    def unregister(self, key: str) -> bool:
        """Remove an entry; False when there was none."""
        return self._entries.pop(key, None) is not None

    def get(self, key: str) -> Any | None:
        """The entry as registered."""
        return self._entries.get(key)

    def clear(self) -> None:
        self._entries.clear()

    def can_resolve(self, definition: HandlerDefinition, config: dict[str, Any] | None = None) -> bool:
        return definition.callable in self._entries

    def resolve(self, definition: HandlerDefinition, config: dict[str, Any] | None = None) -> Any | None:
        entry = self._entries.get(definition.callable)
        if entry is None:
            return None
        initialization = config if config is not None else definition.initialization
        if inspect.isclass(entry):
            return instantiate(entry, initialization)
        if isinstance(entry, StepHandler) or not callable(entry):
            return entry
        return entry(initialization)

    def registered_callables(self) -> list[str]:
        return list(self._entries)

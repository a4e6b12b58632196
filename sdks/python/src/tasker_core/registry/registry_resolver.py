"""A base for resolvers of your own."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any

from tasker_core.registry.base_resolver import BaseResolver
from tasker_core.registry.handler_definition import HandlerDefinition


class RegistryResolver(BaseResolver):
    """Subclass with ``_name`` and either ``prefix`` or ``pattern`` (a regular expression), and ``resolve_handler``."""

    _name: str = "custom"
    _priority: int = 50
    pattern: str | re.Pattern[str] | None = None
    prefix: str | None = None

    @property
    def name(self) -> str:
        return self._name

    @property
    def priority(self) -> int:
        return self._priority

    def can_resolve(self, definition: HandlerDefinition, config: dict[str, Any] | None = None) -> bool:
        if self.prefix is not None:
            return definition.callable.startswith(self.prefix)
        if self.pattern is not None:
            return re.match(self.pattern, definition.callable) is not None
        return False

    def resolve(self, definition: HandlerDefinition, config: dict[str, Any] | None = None) -> Any | None:
        return self.resolve_handler(definition, config)

    @abstractmethod
    def resolve_handler(self, definition: HandlerDefinition, config: dict[str, Any] | None = None) -> Any | None:
        """A handler instance, or None."""

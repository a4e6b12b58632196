"""The four keys of a template's ``handler``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class HandlerDefinition:
    """Which handler a step calls: by ``callable``, on ``handler_method``, found by one ``resolver`` or the chain."""

    callable: str
    handler_method: str | None = None
    resolver: str | None = None
    initialization: dict[str, Any] = field(default_factory=dict)

    def effective_method(self) -> str:
        return self.handler_method or "call"

    def uses_method_dispatch(self) -> bool:
        return self.effective_method() != "call"

    def has_resolver_hint(self) -> bool:
        return bool(self.resolver)

    @classmethod
    def from_callable(cls, callable: str) -> HandlerDefinition:
        return cls(callable=callable)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> HandlerDefinition:
        """From the template's spelling, where the method's key is ``method``."""
        return cls(
            callable=data.get("callable", ""),
            handler_method=data.get("method") or data.get("handler_method"),
            resolver=data.get("resolver"),
            initialization=dict(data.get("initialization") or {}),
        )

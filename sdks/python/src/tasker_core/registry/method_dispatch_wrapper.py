"""Calling another method than ``call``."""

from __future__ import annotations

from typing import Any


class MethodDispatchWrapper:
    """Looks like the handler it wraps, with ``call`` going to ``target_method``."""

    def __init__(self, handler: Any, method: str) -> None:
        if not callable(getattr(handler, method, None)):
            raise AttributeError(f"{type(handler).__name__} has no method {method!r}")
        self.handler = handler
        self.target_method = method

    def call(self, context: Any) -> Any:
        return getattr(self.handler, self.target_method)(context)

    def unwrap(self) -> Any:
        return self.handler

    def __getattr__(self, name: str) -> Any:
        return getattr(self.handler, name)

    def __repr__(self) -> str:
        return f"MethodDispatchWrapper({self.handler!r}, method={self.target_method!r})"

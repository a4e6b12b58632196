"""Values without a form in the protocol's JSON."""

from __future__ import annotations

from typing import Any


def _deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(69):
        value = [value]
    return value


def _cycle() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


def value_of_kind(kind: str) -> Any:
    """The value that ``conformance.unserializable`` is asked for. Raises ``KeyError`` for an unknown kind."""
    return {
        "nan": lambda: float("nan"),
        "infinity": lambda: float("inf"),
        "big_integer": lambda: 2**64,
        "lone_surrogate": lambda: "\ud800",
        "nul": lambda: "a\x00b",
        "deep": _deep,
        "cycle": _cycle,
        "object": object,
    }[kind]()

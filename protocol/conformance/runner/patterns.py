"""Patterns of `README.md`: compare a value with one, and say where they differ."""

from __future__ import annotations

import json
from typing import Any

#: A member that is not there.
MISSING: Any = type("Missing", (), {"__repr__": lambda self: "nothing"})()

KEYS = frozenset({
    "$exactly", "$any_of", "$all_of", "$not", "$type", "$contains", "$starts_with", "$some", "$at_least", "$at_most",
    "$min_bytes", "$max_bytes", "$min_length", "$max_length", "$repeat", "$var",
})  # fmt: skip
_TYPES = {"string": str, "boolean": bool, "object": dict, "array": list}


def difference(pattern: Any, value: Any, variables: dict[str, Any], where: str = "") -> str | None:
    """Why the value does not match, None when it does."""
    if isinstance(pattern, dict):
        if any(key.startswith("$") for key in pattern):
            return _operators(pattern, value, variables, where)
        if not isinstance(value, dict):
            return _told(where, "an object", value)
        for key, inner in pattern.items():
            fault = difference(inner, value.get(key, MISSING), variables, f"{where}/{key}")
            if fault is not None:
                return fault
        return None
    if isinstance(pattern, list):
        if not isinstance(value, list) or len(value) != len(pattern):
            return _told(where, f"an array of {len(pattern)}", value)
        pairs = enumerate(zip(pattern, value, strict=True))
        return next(
            (fault for i, (p, v) in pairs if (fault := difference(p, v, variables, f"{where}/{i}")) is not None), None
        )
    if pattern is None:
        return None if value is None or value is MISSING else _told(where, "null or nothing", value)
    return None if equal(pattern, value) else _told(where, _short(pattern), value)


def _operators(pattern: dict[str, Any], value: Any, variables: dict[str, Any], where: str) -> str | None:
    for key, wanted in pattern.items():
        fault = _operator(key, wanted, value, variables, where)
        if fault is not None:
            return fault
    return None


def _operator(key: str, wanted: Any, value: Any, variables: dict[str, Any], where: str) -> str | None:
    if key == "$any_of":
        faults = [difference(one, value, variables, where) for one in wanted]
        return None if None in faults else "none of: " + "; ".join(str(fault) for fault in faults)
    if key == "$all_of":
        return next((f for one in wanted if (f := difference(one, value, variables, where)) is not None), None)
    if key == "$some":
        if isinstance(value, list) and any(difference(wanted, v, variables) is None for v in value):
            return None
        return _told(where, f"an array with an element like {_short(wanted)}", value)
    ok = {
        "$exactly": lambda: equal(wanted, value),
        "$var": lambda: wanted in variables and equal(variables[wanted], value),
        "$not": lambda: difference(wanted, value, variables) is not None,
        "$type": lambda: _is(wanted, value),
        "$contains": lambda: isinstance(value, str) and wanted in value,
        "$starts_with": lambda: isinstance(value, str) and value.startswith(wanted),
        "$at_least": lambda: _is("number", value) and value >= wanted,
        "$at_most": lambda: _is("number", value) and value <= wanted,
        "$min_bytes": lambda: isinstance(value, str) and len(value.encode()) >= wanted,
        "$max_bytes": lambda: isinstance(value, str) and len(value.encode()) <= wanted,
        "$min_length": lambda: isinstance(value, list) and len(value) >= wanted,
        "$max_length": lambda: isinstance(value, list) and len(value) <= wanted,
        "$repeat": lambda: value == wanted["text"] * wanted["times"],
    }[key]()
    return None if ok else _told(where, f"{key} {_short(wanted)}", value)


def _is(kind: str, value: Any) -> bool:
    if kind == "null":
        return value is None or value is MISSING
    if kind in ("integer", "number"):
        allowed: Any = int if kind == "integer" else (int, float)
        return isinstance(value, allowed) and not isinstance(value, bool)
    return isinstance(value, _TYPES[kind])


def equal(left: Any, right: Any) -> bool:
    """Equality of the wire: integers exactly, other numbers as doubles, nothing is equal to a member not there."""
    if isinstance(left, bool) or isinstance(right, bool) or left is None or right is None or right is MISSING:
        return left is right
    if isinstance(left, int) and isinstance(right, int):
        return left == right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return float(left) == float(right)
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return type(left) is type(right) and bool(left == right)


def _told(where: str, wanted: str, value: Any) -> str:
    return f"{where or 'the message'}: expected {wanted}, got {_short(value)}"


def _short(value: Any) -> str:
    if value is MISSING:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= 200 else f"{text[:200]}… ({len(text)} characters)"

"""W3C trace context, as far as a worker reads it."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

_TRACEPARENT = re.compile(r"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)


class TraceParent(NamedTuple):
    """The caller's span."""

    trace_id: str
    parent_id: str
    sampled: bool


def parse_traceparent(value: Any) -> TraceParent | None:
    """None for everything the specification calls invalid, which then counts as absent."""
    match = _TRACEPARENT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    version, trace_id, parent_id, flags, more = match.groups()
    if (version == "00" and more) or not trace_id.strip("0") or not parent_id.strip("0"):
        return None
    return TraceParent(trace_id, parent_id, bool(int(flags, 16) & 1))

"""The delay before a retry, computed from the prose alone."""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

_WORD = 2**64
_LARGEST = 2**63 - 1

#: Published with the contract: exponential from 1 s to 30 s, jitter 0.15, (seed, failure) -> delay in ms.
PUBLISHED_STEP = "018f3b1e-7c00-7000-8000-000000000001"
PUBLISHED = {
    (0, 1): 1125, (0, 2): 1798, (0, 3): 3459, (0, 6): 30000,
    (42, 1): 1014, (42, 2): 1718, (42, 3): 3605, (42, 6): 26975,
}  # fmt: skip


def _fibonacci(n: int) -> int:
    """By fast doubling."""

    def pair(k: int) -> tuple[int, int]:
        if k == 0:
            return 0, 1
        a, b = pair(k >> 1)
        c, d = a * (2 * b - a), a * a + b * b
        return (d, c + d) if k & 1 else (c, d)

    return pair(n)[0]


def _fraction(step_uuid: str, failure: int, seed: int) -> float:
    """FNV-1a over `uuid:n`, then the SplitMix64 finaliser, as a double in [0, 1)."""
    text = f"{step_uuid.lower()}:{failure}".encode()
    mixed = reduce(lambda state, byte: (state ^ byte) * 0x100000001B3 % _WORD, text, 0xCBF29CE484222325) ^ seed
    mixed = (mixed + 0x9E3779B97F4A7C15) % _WORD
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        mixed = (mixed ^ (mixed >> shift)) * factor % _WORD
    return math.ldexp(mixed >> 11, -53)


def capped(data: dict[str, Any]) -> int:
    """The delay before jitter, in ms."""
    strategy, failure, base, cap = data["strategy"], data["failure"], data["base_ms"], data["max_ms"]
    if strategy == "none":
        return 0
    if failure > 62:
        return int(cap)
    factor: int = {"linear": failure, "exponential": 1 << (failure - 1), "fibonacci": _fibonacci(failure)}[strategy]
    return int(min(base * factor, _LARGEST, cap))


def delay(data: dict[str, Any]) -> int:
    """The delay after that failure, in ms."""
    spread = float(data["jitter"]) * (2 * _fraction(data["step_uuid"], data["failure"], data["jitter_seed"]) - 1)
    return min(int(data["max_ms"]), math.floor(capped(data) * (1 + spread) + 0.5))


def requested(data: dict[str, Any]) -> int | None:
    """The delay that a failure asked for, in ms; None when the computed one is to be used."""
    value = data["retry_after_seconds"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return None
    return math.floor(min(float(value), float(data["cap_seconds"])) * 1000 + 0.5)

"""Waiting for a condition with a deadline; no test waits for a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(
    condition: Callable[[], T | None], what: str, timeout: float = 30, describe: Callable[[], str] = lambda: ""
) -> T:
    """The first true value of ``condition``; fails with ``what`` when the deadline passes."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {timeout} s for {what}\n{describe()}"
        time.sleep(0.02)

"""Counts what passed and prints what did not."""

from __future__ import annotations


class Report:
    """The outcome of one run."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def check(self, ok: bool, where: str, what: str = "") -> bool:
        """Count one assertion; a failed one is printed with its place."""
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {where}" + (f": {what}" if what else ""))
        return ok

    def equal(self, expected: object, actual: object, where: str) -> bool:
        """Like :meth:`check` for two values, which must also be of one type."""
        same = expected == actual and isinstance(expected, bool) == isinstance(actual, bool)
        return self.check(same, where, f"expected {_short(expected)}, got {_short(actual)}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:200] + "…"

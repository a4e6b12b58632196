"""An aid for handlers that must decide whether a foreign exception is worth another try.

The worker itself does not consult it: an exception that leaves a handler is retryable unless it says otherwise.
"""

from __future__ import annotations

import builtins
from typing import Any

_PERMANENT: tuple[type[BaseException], ...] = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    AssertionError,
    SyntaxError,
    NameError,
    ImportError,
    NotImplementedError,
)
_RETRYABLE: tuple[type[BaseException], ...] = (
    ConnectionError,
    builtins.TimeoutError,
    BlockingIOError,
    InterruptedError,
    OSError,
)


class ErrorClassifier:
    """Decides by a ``retryable`` attribute, then by well-known built-in classes, then by the default."""

    def __init__(self, *, default_retryable: bool = True) -> None:
        self.default_retryable = default_retryable

    def retryable(self, exception: BaseException) -> bool:
        """Whether another try may help."""
        return self._decide(exception)[0]

    def permanent(self, exception: BaseException) -> bool:
        """Whether another try cannot help."""
        return not self._decide(exception)[0]

    def classify(self, exception: BaseException) -> dict[str, Any]:
        """``{error_type, retryable, classification}``; the classification names the rule that decided."""
        retryable, rule = self._decide(exception)
        return {"error_type": type(exception).__name__, "retryable": retryable, "classification": rule}

    def _decide(self, exception: BaseException) -> tuple[bool, str]:
        explicit = getattr(exception, "retryable", None)
        if isinstance(explicit, bool):
            return explicit, "explicit_attribute"
        if isinstance(exception, _PERMANENT):
            return False, "permanent_class"
        if isinstance(exception, _RETRYABLE):
            return True, "retryable_class"
        return self.default_retryable, "default"


_default_classifier = ErrorClassifier()


def get_classifier() -> ErrorClassifier:
    """The classifier shared by the process."""
    return _default_classifier


def is_retryable(exception: BaseException) -> bool:
    """Ask the shared classifier whether another try may help."""
    return _default_classifier.retryable(exception)


def is_permanent(exception: BaseException) -> bool:
    """Ask the shared classifier whether another try cannot help."""
    return _default_classifier.permanent(exception)

"""Errors that handlers raise: the class decides whether the step is tried again.

Every class takes ``retryable`` to override that decision for one instance.
"""

from __future__ import annotations

from typing import Any

from tasker_core.errors.error_classifier import ErrorClassifier, get_classifier, is_permanent, is_retryable

__all__ = [
    "AuthenticationError",
    "AuthorizationError",
    "BusinessLogicError",
    "ConfigurationError",
    "ErrorClassifier",
    "NetworkError",
    "NotFoundError",
    "PermanentError",
    "RateLimitError",
    "ResourceContentionError",
    "RetryableError",
    "ServiceUnavailableError",
    "StepCancelledError",
    "TaskerError",
    "TimeoutError",
    "ValidationError",
    "get_classifier",
    "is_permanent",
    "is_retryable",
]


class TaskerError(Exception):
    """An error with a retry decision and data for people.

    ``retry_after`` is in seconds and is used only when the error is retryable. ``error_code``, ``retry_after`` and
    ``context`` are also folded into ``metadata``.
    """

    default_retryable: bool = True

    def __init__(
        self,
        message: str,
        *,
        retryable: bool | None = None,
        metadata: dict[str, Any] | None = None,
        error_code: str | None = None,
        retry_after: float | None = None,
        context: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retryable: bool = self.default_retryable if retryable is None else retryable
        self.error_code = error_code
        self.retry_after = retry_after
        self.context = context
        self.metadata: dict[str, Any] = dict(metadata or {})
        if context:
            self.metadata.update(context)
        if error_code is not None:
            self.metadata["error_code"] = error_code
        if retry_after is not None:
            self.metadata["retry_after"] = retry_after

    def to_dict(self) -> dict[str, Any]:
        """Class name, message, retry decision and metadata, for logs and answers."""
        return {
            "error_type": type(self).__name__,
            "message": self.message,
            "retryable": self.retryable,
            "metadata": self.metadata,
        }


class RetryableError(TaskerError):
    """May succeed later: the step is tried again while attempts are left."""

    default_retryable = True


class TimeoutError(RetryableError):
    """Something took too long (exported at the top as ``StepTimeoutError``)."""


class NetworkError(RetryableError):
    """A connection could not be made or broke."""


class RateLimitError(RetryableError):
    """The other side asked for fewer calls; give ``retry_after`` when it said how long."""


class ServiceUnavailableError(RetryableError):
    """The other side is down for now."""


class ResourceContentionError(RetryableError):
    """A lock or a row is held by somebody else."""


class PermanentError(TaskerError):
    """Trying again cannot help: the step fails at once."""

    default_retryable = False


class ValidationError(PermanentError):
    """The input is wrong (exported at the top as ``StepValidationError``)."""


class NotFoundError(PermanentError):
    """What the step needs does not exist."""


class AuthenticationError(PermanentError):
    """Credentials were refused."""


class AuthorizationError(PermanentError):
    """The credentials do not allow it."""


class ConfigurationError(PermanentError):
    """The handler or its template is set up wrongly."""


class BusinessLogicError(PermanentError):
    """A rule of the business forbids it."""


class StepCancelledError(TaskerError):
    """The handler stopped early because the step was cancelled or ran past its time.

    Raised by :meth:`StepContext.raise_if_cancelled`; the worker answers ``cancelled`` (not retried) or ``timeout``.
    """

    default_retryable = False

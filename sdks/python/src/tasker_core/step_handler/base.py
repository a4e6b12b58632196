"""The base class of every handler."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable
from typing import Any

from pydantic import BaseModel

from tasker_core.types.context import StepContext
from tasker_core.types.results import ErrorType, StepHandlerResult


class StepHandler(ABC):
    """One kind of step. Subclasses set ``handler_name`` and implement :meth:`call`, plain or ``async``.

    The worker builds one instance per step: ``cls()``, or ``cls(config=initialization)`` when the constructor asks for
    ``config``.
    """

    handler_name: str = ""
    handler_version: str = "1.0.0"

    @abstractmethod
    def call(self, context: StepContext) -> Any | Awaitable[Any]:
        """Do the work and return ``self.success(...)`` or ``self.failure(...)``.

        A plain dict, a pydantic model or None counts as success. An exception fails the step; it is tried again
        unless the exception says ``retryable = False``.
        """

    @property
    def name(self) -> str:
        return self.handler_name or type(self).__name__

    @property
    def version(self) -> str:
        return self.handler_version

    @property
    def capabilities(self) -> list[str]:
        return ["process"]

    def config_schema(self) -> dict[str, Any] | None:
        """JSON Schema of ``initialization``, for people who write templates; None = undocumented."""
        return None

    def success(
        self, result: dict[str, Any] | BaseModel | None = None, metadata: dict[str, Any] | None = None
    ) -> StepHandlerResult:
        """A success; ``None`` becomes an empty object, a pydantic model its JSON form."""
        return StepHandlerResult._make_success(result, metadata)

    def failure(
        self,
        message: str,
        error_type: str | ErrorType = "handler_error",
        retryable: bool = True,
        metadata: dict[str, Any] | None = None,
        error_code: str | None = None,
    ) -> StepHandlerResult:
        """A failure; the step is tried again when ``retryable`` and attempts are left."""
        return StepHandlerResult.failure(message, error_type, retryable, metadata, error_code)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r}, version={self.version!r})"

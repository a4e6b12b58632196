"""A handler that calls an HTTP API."""

from __future__ import annotations

from tasker_core.step_handler.base import StepHandler
from tasker_core.step_handler.mixins.api import APIMixin, ApiResponse

__all__ = ["ApiHandler", "ApiResponse"]


class ApiHandler(APIMixin, StepHandler):
    """:class:`StepHandler` with :class:`APIMixin`."""

    @property
    def capabilities(self) -> list[str]:
        return ["process", "http", "api"]

"""Mixins that add methods to a handler: ``class X(APIMixin, StepHandler)``, in either order."""

from tasker_core.step_handler.mixins.api import APIMixin, ApiResponse
from tasker_core.step_handler.mixins.decision import DecisionMixin

__all__ = ["APIMixin", "ApiResponse", "DecisionMixin"]

"""Handler base classes."""

from tasker_core.step_handler.base import StepHandler

__all__ = ["StepHandler"]

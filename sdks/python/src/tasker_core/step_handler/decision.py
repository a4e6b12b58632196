"""A handler that chooses the steps that follow."""

from __future__ import annotations

from tasker_core.step_handler.base import StepHandler
from tasker_core.step_handler.mixins.decision import DecisionMixin


class DecisionHandler(DecisionMixin, StepHandler):
    """:class:`StepHandler` with :class:`DecisionMixin`."""

    @property
    def capabilities(self) -> list[str]:
        return ["process", "decision", "routing"]

"""Choosing the steps that follow."""

from __future__ import annotations

from typing import Any

from tasker_core.types.decision import DecisionPointOutcome
from tasker_core.types.results import StepHandlerResult


class DecisionMixin:
    """Results of a decision step."""

    def decision_success(
        self,
        steps: list[str] | str,
        routing_context: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> StepHandlerResult:
        """Activate the named steps; ``routing_context`` is stored with the result for later steps."""
        names = [steps] if isinstance(steps, str) else list(steps)
        return self.decision_success_with_outcome(
            DecisionPointOutcome.create_steps(names, routing_context=routing_context), metadata
        )

    def route_to_steps(
        self,
        step_names: list[str] | str,
        routing_context: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> StepHandlerResult:
        """The same as :meth:`decision_success`."""
        return self.decision_success(step_names, routing_context, metadata)

    def decision_success_with_outcome(
        self, outcome: DecisionPointOutcome, metadata: dict[str, Any] | None = None
    ) -> StepHandlerResult:
        """A decision made from an outcome."""
        return StepHandlerResult._make_success(outcome.to_result(), self._decision_metadata(metadata))

    def skip_branches(
        self,
        reason: str,
        routing_context: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> StepHandlerResult:
        """A success after which no step follows."""
        return self.decision_no_branches(DecisionPointOutcome.no_branches(reason, routing_context), metadata)

    def decision_no_branches(
        self, outcome: DecisionPointOutcome, metadata: dict[str, Any] | None = None
    ) -> StepHandlerResult:
        """The same from an outcome."""
        return self.decision_success_with_outcome(outcome, metadata)

    def decision_failure(
        self,
        message: str,
        error_type: str = "decision_error",
        retryable: bool = False,
        metadata: dict[str, Any] | None = None,
    ) -> StepHandlerResult:
        """The decision could not be made."""
        return StepHandlerResult.failure(message, error_type, retryable, self._decision_metadata(metadata))

    @property
    def decision_capabilities(self) -> list[str]:
        return ["decision", "routing"]

    def _decision_metadata(self, metadata: dict[str, Any] | None) -> dict[str, Any]:
        return {
            **(metadata or {}),
            "decision_handler": getattr(self, "name", type(self).__name__),
            "decision_version": getattr(self, "version", "1.0.0"),
        }

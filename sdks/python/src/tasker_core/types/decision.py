"""The outcome of a decision step."""

from __future__ import annotations

from enum import Enum
from typing import Any

from pydantic import BaseModel, Field


class DecisionType(str, Enum):
    """Whether steps follow."""

    CREATE_STEPS = "create_steps"
    NO_BRANCHES = "no_branches"


class DecisionPointOutcome(BaseModel):
    """Which steps follow, or why none does."""

    decision_type: DecisionType
    next_step_names: list[str] = Field(default_factory=list)
    dynamic_steps: list[dict[str, Any]] | None = None
    reason: str | None = None
    routing_context: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def create_steps(
        cls,
        step_names: list[str],
        dynamic_steps: list[dict[str, Any]] | None = None,
        routing_context: dict[str, Any] | None = None,
    ) -> DecisionPointOutcome:
        """Activate steps by name. Raises ``ValueError`` for an empty list."""
        if not step_names:
            raise ValueError("a decision that creates steps names at least one; use no_branches for none")
        return cls(
            decision_type=DecisionType.CREATE_STEPS,
            next_step_names=step_names,
            dynamic_steps=dynamic_steps,
            routing_context=routing_context or {},
        )

    @classmethod
    def no_branches(cls, reason: str, routing_context: dict[str, Any] | None = None) -> DecisionPointOutcome:
        """No step follows."""
        return cls(decision_type=DecisionType.NO_BRANCHES, reason=reason, routing_context=routing_context or {})

    def to_result(self) -> dict[str, Any]:
        """The step's result as the orchestrator reads it."""
        result: dict[str, Any] = {"decision_point_outcome": {"type": self.decision_type.value}}
        if self.decision_type is DecisionType.CREATE_STEPS:
            result["decision_point_outcome"]["step_names"] = self.next_step_names
        if self.reason is not None:
            result["reason"] = self.reason
        if self.routing_context:
            result["routing_context"] = self.routing_context
        if self.dynamic_steps:
            result["dynamic_steps"] = self.dynamic_steps
        return result

"""The step event a context is built from."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class StepEvent(BaseModel):
    """One step to execute, in the shape handlers and their tests know."""

    model_config = ConfigDict(frozen=True)

    event_id: str
    task_uuid: UUID
    step_uuid: UUID
    correlation_id: UUID
    task_correlation_id: UUID | None = None
    parent_correlation_id: UUID | None = None
    task_sequence_step: dict[str, Any] = Field(default_factory=dict)
    trace_id: str | None = None
    span_id: str | None = None


FfiStepEvent = StepEvent

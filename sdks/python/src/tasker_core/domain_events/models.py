"""Data of domain events."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from tasker_core.types.context import StepContext


with warnings.catch_warnings():
    # The template's key is `schema`; pydantic warns because its models once had a method of that name.
    warnings.simplefilter("ignore", UserWarning)

    class EventDeclaration(BaseModel):
        """One entry of a step's ``publishes_events`` in the template."""

        model_config = ConfigDict(extra="ignore")

        name: str
        condition: str | None = None
        delivery_mode: str | None = None
        publisher: str | None = None
        schema: dict[str, Any] | None = None  # type: ignore[assignment]


class StepResult(BaseModel):
    """What a step returned, as publishers see it."""

    success: bool
    result: Any = None
    metadata: dict[str, Any] | None = None


class StepEventContext(BaseModel):
    """The step that fires an event. ``result`` is None for a failure, whose data is in ``metadata``:
    ``error_message``, ``error_type`` and ``retryable`` beside what the handler attached.
    """

    task_uuid: str
    step_uuid: str
    step_name: str
    namespace: str
    correlation_id: str
    result: Any = None
    metadata: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def from_step_context(
        cls, step_context: StepContext, result: Any = None, metadata: dict[str, Any] | None = None
    ) -> StepEventContext:
        """The context of a step whose handler has returned ``result``."""
        data = step_context.event.task_sequence_step
        task, step = data.get("task") or {}, data.get("workflow_step") or {}
        return cls(
            task_uuid=str(step_context.task_uuid),
            step_uuid=str(step_context.step_uuid),
            step_name=str(step.get("name") or step_context.handler_name),
            namespace=str(task.get("namespace_name") or "default"),
            correlation_id=str(step_context.correlation_id),
            result=result,
            metadata=dict(metadata or {}),
        )


class PublishContext(BaseModel):
    """One event of one step."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    event_name: str
    step_result: StepResult
    event_declaration: EventDeclaration | None = None
    step_context: Any = None


class DomainEventMetadata(BaseModel):
    """Where an event came from. Publishers may add members."""

    model_config = ConfigDict(extra="allow")

    task_uuid: UUID | str
    step_uuid: UUID | str | None = None
    step_name: str | None = None
    namespace: str = "default"
    correlation_id: UUID | str | None = None
    fired_at: str = ""
    fired_by: str = ""


class ExecutionResult(BaseModel):
    """How the step ended. ``execution_time_ms`` is in milliseconds."""

    success: bool
    result: Any = None
    error_message: str | None = None
    error_type: str | None = None
    execution_time_ms: int | None = None


class InProcessDomainEvent(BaseModel):
    """An event as subscribers in the worker receive it; on the broker it has the same form."""

    event_id: str
    event_name: str
    event_version: str = "1.0"
    metadata: DomainEventMetadata
    payload: Any = None
    execution_result: ExecutionResult | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON on the broker; members that do not apply are left out."""
        data = self.model_dump(mode="json", exclude={"execution_result"})
        if self.execution_result is not None:
            dumped = self.execution_result.model_dump(mode="json")
            optional = ("error_message", "error_type", "execution_time_ms")
            data["execution_result"] = {k: v for k, v in dumped.items() if v is not None or k not in optional}
        return data

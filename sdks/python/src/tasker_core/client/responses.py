"""What the orchestrator answers. Missing members become defaults, unknown ones are ignored: both sides may be newer."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, TypeVar

R = TypeVar("R", bound="_Response")


@dataclass(frozen=True)
class _Response:
    @classmethod
    def from_dict(cls: type[R], data: dict[str, Any]) -> R:
        """From decoded JSON; null members keep their defaults."""
        known = {entry.name for entry in dataclasses.fields(cls)}
        return cls(**{key: value for key, value in data.items() if key in known and value is not None})


@dataclass(frozen=True)
class TaskResponse(_Response):
    """A task."""

    task_uuid: str = ""
    name: str = ""
    namespace: str = ""
    version: str = ""
    status: str = ""
    created_at: str | None = None
    updated_at: str | None = None
    completed_at: str | None = None
    context: dict[str, Any] = field(default_factory=dict)
    initiator: str = ""
    source_system: str = ""
    reason: str = ""
    priority: int | None = None
    tags: list[str] = field(default_factory=list)
    correlation_id: str | None = None
    parent_correlation_id: str | None = None
    total_steps: int = 0
    pending_steps: int = 0
    in_progress_steps: int = 0
    completed_steps: int = 0
    failed_steps: int = 0
    ready_steps: int = 0
    execution_status: str = ""
    recommended_action: str | None = None
    completion_percentage: float = 0.0
    health_status: str = ""
    steps: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class PaginationInfo(_Response):
    """Where a list stands."""

    page: int = 1
    per_page: int = 0
    total_count: int = 0
    total_pages: int = 0
    has_next: bool = False
    has_previous: bool = False


@dataclass(frozen=True)
class TaskListResponse(_Response):
    """Tasks with their pagination."""

    tasks: list[TaskResponse] = field(default_factory=list)
    pagination: PaginationInfo = field(default_factory=PaginationInfo)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> TaskListResponse:
        return cls(
            tasks=[TaskResponse.from_dict(entry) for entry in data.get("tasks") or []],
            pagination=PaginationInfo.from_dict(data.get("pagination") or {}),
        )


@dataclass(frozen=True)
class StepResponse(_Response):
    """A step of a task."""

    step_uuid: str = ""
    task_uuid: str = ""
    name: str = ""
    created_at: str | None = None
    updated_at: str | None = None
    completed_at: str | None = None
    results: Any = None
    current_state: str = ""
    attempts: int = 0
    max_attempts: int = 0
    dependencies_satisfied: bool = False
    retry_eligible: bool = False
    ready_for_execution: bool = False
    last_failure_at: str | None = None
    next_retry_at: str | None = None
    last_attempted_at: str | None = None
    total_parents: int = 0
    completed_parents: int = 0


@dataclass(frozen=True)
class StepAuditResponse(_Response):
    """One received result or manual action."""

    audit_uuid: str = ""
    workflow_step_uuid: str = ""
    transition_uuid: str | None = None
    task_uuid: str = ""
    recorded_at: str | None = None
    worker_uuid: str | None = None
    correlation_id: str | None = None
    success: bool = False
    execution_time_ms: int | None = None
    result: Any = None
    step_name: str = ""
    from_state: str | None = None
    to_state: str = ""


@dataclass(frozen=True)
class HealthResponse(_Response):
    """Whether the orchestrator answers."""

    status: str = ""
    timestamp: str | None = None

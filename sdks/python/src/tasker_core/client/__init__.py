"""A client of the orchestrator's HTTP API; it works without a running worker."""

from tasker_core.client.http import TaskerClient
from tasker_core.client.responses import (
    HealthResponse,
    PaginationInfo,
    StepAuditResponse,
    StepResponse,
    TaskListResponse,
    TaskResponse,
)

__all__ = [
    "HealthResponse",
    "PaginationInfo",
    "StepAuditResponse",
    "StepResponse",
    "TaskListResponse",
    "TaskResponse",
    "TaskerClient",
]

"""The synchronous client."""

from __future__ import annotations

import os
from typing import Any

import httpx

from tasker_core.client.responses import (
    HealthResponse,
    PaginationInfo,
    StepAuditResponse,
    StepResponse,
    TaskListResponse,
    TaskResponse,
)
from tasker_core.exceptions import TaskerError

DEFAULT_URL = "http://localhost:8080"
DEFAULT_TIMEOUT_MS = 30_000
MOST_PER_PAGE = 100


class TaskerClient:
    """Creates and looks at tasks. Address and credentials come from ``TASKER_ORCHESTRATION_URL``,
    ``TASKER_ORCHESTRATION_TIMEOUT_MS``, ``TASKER_API_KEY`` (with ``TASKER_API_KEY_HEADER``) and ``TASKER_AUTH_TOKEN``.

    Every method raises :class:`tasker_core.TaskerError` with the orchestrator's explanation for an answer that is no
    success, and with the address when there is no answer. Close it, or use it as a context manager.
    """

    def __init__(
        self,
        initiator: str = "tasker-core-python",
        source_system: str = "tasker-core",
        *,
        base_url: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.initiator = initiator
        self.source_system = source_system
        self.base_url = (base_url or _first("TASKER_ORCHESTRATION_URL", "ORCHESTRATION_URL") or DEFAULT_URL).rstrip("/")
        self._client = httpx.Client(
            base_url=self.base_url, timeout=_timeout_seconds(), headers=_credentials(), transport=transport
        )

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> TaskerClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def create_task(
        self,
        name: str,
        *,
        namespace: str = "default",
        context: dict[str, Any] | None = None,
        version: str = "1.0.0",
        reason: str = "Task requested",
        **kwargs: Any,
    ) -> TaskResponse:
        """Create a task; ``tags``, ``priority``, ``correlation_id``, ``idempotency_key`` and others pass through."""
        body = {
            "name": name,
            "namespace": namespace,
            "version": version,
            "context": context or {},
            "initiator": self.initiator,
            "source_system": self.source_system,
            "reason": reason,
            **kwargs,
        }
        return TaskResponse.from_dict(self._call("POST", "/v1/tasks", json=body))

    def get_task(self, task_uuid: Any) -> TaskResponse:
        """One task."""
        return TaskResponse.from_dict(self._call("GET", f"/v1/tasks/{task_uuid}"))

    def list_tasks(
        self, *, limit: int = 50, offset: int = 0, namespace: str | None = None, status: str | None = None
    ) -> TaskListResponse:
        """Tasks, newest first. The API has pages of at most 100; larger wishes are joined from several."""
        if limit < 1 or offset < 0:
            raise ValueError(f"limit is {limit} and offset {offset}: use a limit from 1 and an offset from 0")
        filters = {key: value for key, value in (("namespace", namespace), ("status", status)) if value is not None}
        if limit <= MOST_PER_PAGE and offset % limit == 0:
            return self._page(offset // limit + 1, limit, filters)
        tasks: list[TaskResponse] = []
        first = offset // MOST_PER_PAGE
        last = (offset + limit - 1) // MOST_PER_PAGE
        pagination = PaginationInfo()
        for number in range(first, last + 1):
            page = self._page(number + 1, MOST_PER_PAGE, filters)
            tasks.extend(page.tasks)
            pagination = page.pagination
            if not pagination.has_next:
                break
        skipped = offset - first * MOST_PER_PAGE
        total = pagination.total_count
        joined = PaginationInfo(
            page=offset // limit + 1,
            per_page=limit,
            total_count=total,
            total_pages=-(-total // limit),
            has_next=total > offset + limit,
            has_previous=offset > 0,
        )
        return TaskListResponse(tasks=tasks[skipped : skipped + limit], pagination=joined)

    def _page(self, page: int, per_page: int, filters: dict[str, str]) -> TaskListResponse:
        query = {"page": str(page), "per_page": str(per_page), **filters}
        return TaskListResponse.from_dict(self._call("GET", "/v1/tasks", params=query))

    def cancel_task(self, task_uuid: Any) -> dict[str, Any]:
        """Cancel a task; gives the task as the orchestrator answers it."""
        answer: dict[str, Any] = self._call("DELETE", f"/v1/tasks/{task_uuid}") or {}
        return answer

    def list_task_steps(self, task_uuid: Any) -> list[StepResponse]:
        """The steps of a task."""
        return [StepResponse.from_dict(step) for step in self._call("GET", f"/v1/tasks/{task_uuid}/workflow_steps")]

    def get_step(self, task_uuid: Any, step: Any) -> StepResponse:
        """One step, by uuid or name."""
        return StepResponse.from_dict(self._call("GET", f"/v1/tasks/{task_uuid}/workflow_steps/{step}"))

    def get_step_audit_history(self, task_uuid: Any, step: Any) -> list[StepAuditResponse]:
        """Every result and manual action of a step, oldest first."""
        rows = self._call("GET", f"/v1/tasks/{task_uuid}/workflow_steps/{step}/audit")
        return [StepAuditResponse.from_dict(row) for row in rows]

    def health_check(self) -> HealthResponse:
        """Whether the orchestrator answers."""
        return HealthResponse.from_dict(self._call("GET", "/health"))

    def _call(self, method: str, path: str, **options: Any) -> Any:
        try:
            response = self._client.request(method, path, **options)
        except httpx.HTTPError as error:
            text = str(error) or type(error).__name__
            raise TaskerError(
                f"the orchestrator at {self.base_url} does not answer ({text}): is it running, and is "
                "TASKER_ORCHESTRATION_URL right?"
            ) from error
        if response.is_success:
            return response.json() if response.content else None
        raise TaskerError(_problem(response))


def _problem(response: httpx.Response) -> str:
    """The text of an RFC 9457 problem, with the places that are wrong."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return f"HTTP {response.status_code} {response.reason_phrase}"
    error = body.get("error")
    older = error.get("message") if isinstance(error, dict) else error
    text = str(body.get("detail") or body.get("title") or older or response.reason_phrase)
    places = [
        f"{entry.get('pointer')}: {entry.get('message')}"
        for entry in body.get("errors") or []
        if isinstance(entry, dict) and entry.get("message")
    ]
    return f"HTTP {response.status_code}: {'; '.join([text, *places])}"


def _first(*names: str) -> str | None:
    return next((value for value in map(os.environ.get, names) if value), None)


def _timeout_seconds() -> float:
    text = os.environ.get("TASKER_ORCHESTRATION_TIMEOUT_MS")
    if not text:
        return DEFAULT_TIMEOUT_MS / 1000
    try:
        milliseconds = float(text)
    except ValueError:
        milliseconds = -1
    if not 0 < milliseconds < float("inf"):
        raise TaskerError(f"TASKER_ORCHESTRATION_TIMEOUT_MS is {text!r}: use a positive number of milliseconds")
    return milliseconds / 1000


def _credentials() -> dict[str, str]:
    headers: dict[str, str] = {}
    key = os.environ.get("TASKER_API_KEY")
    if key:
        headers[os.environ.get("TASKER_API_KEY_HEADER") or "X-API-Key"] = key
    token = _first("TASKER_AUTH_TOKEN", "TASKER_ORCHESTRATION_AUTH_TOKEN")
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return headers

"""The HTTP client against a server of the test."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tasker_core import ClientStepResponse, ClientTaskResponse, TaskerClient, TaskerError

Requests = list[httpx.Request]


def client(answer: Callable[[httpx.Request], httpx.Response]) -> tuple[TaskerClient, Requests]:
    seen: Requests = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answer(request)

    return TaskerClient(transport=httpx.MockTransport(serve)), seen


def test_creating_a_task() -> None:
    made, seen = client(lambda _: httpx.Response(201, json={"task_uuid": "t", "unknown": 1, "tags": None}))
    task = made.create_task("order_processing", namespace="shop", context={"id": 1}, priority=5, idempotency_key="k")
    assert task == ClientTaskResponse(task_uuid="t")
    assert json.loads(seen[0].content) == {
        "name": "order_processing",
        "namespace": "shop",
        "version": "1.0.0",
        "context": {"id": 1},
        "initiator": "tasker-core-python",
        "source_system": "tasker-core",
        "reason": "Task requested",
        "priority": 5,
        "idempotency_key": "k",
    }


def tasks_server(total: int) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        page, size = int(request.url.params["page"]), int(request.url.params["per_page"])
        assert size <= 100
        numbers = range((page - 1) * size, min(page * size, total))
        pagination = {"page": page, "per_page": size, "total_count": total, "has_next": page * size < total}
        return httpx.Response(200, json={"tasks": [{"task_uuid": str(n)} for n in numbers], "pagination": pagination})

    return answer


@pytest.mark.parametrize(
    ("limit", "offset", "calls"), [(50, 0, 1), (50, 100, 1), (250, 0, 3), (30, 95, 2), (10, 5, 1), (500, 0, 3)]
)
def test_listing_joins_pages(limit: int, offset: int, calls: int) -> None:
    made, seen = client(tasks_server(260))
    found = made.list_tasks(limit=limit, offset=offset, namespace="shop", status="complete")
    assert [task.task_uuid for task in found.tasks] == [str(n) for n in range(offset, min(offset + limit, 260))]
    assert len(seen) == calls
    assert seen[0].url.params["namespace"] == "shop"
    assert found.pagination.total_count == 260
    assert found.pagination.has_next == (offset + limit < 260)


def test_the_other_calls() -> None:
    answers: dict[tuple[str, str], Any] = {
        ("GET", "/v1/tasks/t"): {"task_uuid": "t", "status": "complete"},
        ("DELETE", "/v1/tasks/t"): {"task_uuid": "t", "status": "cancelled"},
        ("GET", "/v1/tasks/t/workflow_steps"): [{"step_uuid": "s", "attempts": 2}],
        ("GET", "/v1/tasks/t/workflow_steps/s"): {"step_uuid": "s"},
        ("GET", "/v1/tasks/t/workflow_steps/s/audit"): [{"audit_uuid": "a", "success": True}],
        ("GET", "/health"): {"status": "healthy"},
    }
    made, seen = client(lambda request: httpx.Response(200, json=answers.pop((request.method, request.url.path))))
    with made:
        assert made.get_task("t").status == "complete"
        assert made.cancel_task("t")["status"] == "cancelled"
        assert made.list_task_steps("t") == [ClientStepResponse(step_uuid="s", attempts=2)]
        assert made.get_step("t", "s").step_uuid == "s"
        assert made.get_step_audit_history("t", "s")[0].success is True
        assert made.health_check().status == "healthy"
    assert (len(seen), answers) == (6, {})


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (
            httpx.Response(
                422, json={"title": "Invalid", "detail": "bad", "errors": [{"pointer": "/a", "message": "no"}]}
            ),
            "HTTP 422: bad; /a: no",
        ),
        (httpx.Response(404, json={"error": {"code": "NOT_FOUND", "message": "No task"}}), "HTTP 404: No task"),
        (httpx.Response(502, text="<html>"), "HTTP 502 Bad Gateway"),
    ],
)
def test_problems(response: httpx.Response, told: str) -> None:
    made, _ = client(lambda _: response)
    with pytest.raises(TaskerError) as problem:
        made.get_task("t")
    assert str(problem.value) == told


def test_no_answer() -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    made, _ = client(fail)
    with pytest.raises(TaskerError, match="http://localhost:8080 does not answer"):
        made.health_check()


def test_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKER_ORCHESTRATION_URL", "http://o.test/")
    monkeypatch.setenv("TASKER_API_KEY", "key")
    monkeypatch.setenv("TASKER_API_KEY_HEADER", "X-My-Key")
    monkeypatch.setenv("TASKER_AUTH_TOKEN", "token")
    made, seen = client(lambda _: httpx.Response(200, json={}))
    made.health_check()
    assert str(seen[0].url) == "http://o.test/health"
    assert seen[0].headers["X-My-Key"] == "key"
    assert seen[0].headers["Authorization"] == "Bearer token"
    monkeypatch.setenv("TASKER_ORCHESTRATION_TIMEOUT_MS", "soon")
    with pytest.raises(TaskerError, match="positive number of milliseconds"):
        TaskerClient()
    with pytest.raises(ValueError, match="limit is 0"):
        made.list_tasks(limit=0)

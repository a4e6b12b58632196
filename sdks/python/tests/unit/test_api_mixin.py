"""HTTP helpers: verbs, classification, messages, Retry-After."""

from __future__ import annotations

import email.utils
import time
from typing import Any

import httpx
import pytest

from tasker_core import ApiHandler, ApiResponse, StepContext
from tasker_core.testing import run_step


class Api(ApiHandler):
    handler_name = "api"
    base_url = "http://shop.test"
    default_headers = {"X-Key": "1"}

    def call(self, context: StepContext) -> Any:
        return self.api_success(self.get("/"))


def response(status: int, json: Any = None, **headers: str) -> ApiResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ApiResponse(httpx.Response(status, json=json, headers=named))


@pytest.mark.parametrize(
    ("status", "error_type", "is_retryable", "tried_again"),
    [
        (400, "bad_request", False, False),
        (401, "unauthorized", False, False),
        (403, "forbidden", False, False),
        (404, "not_found", False, False),
        (405, "method_not_allowed", False, False),
        (408, "request_timeout", True, True),
        (409, "conflict", False, False),
        (410, "gone", False, False),
        (418, "client_error", False, False),
        (422, "unprocessable_entity", False, False),
        (429, "rate_limited", True, True),
        (500, "internal_server_error", True, True),
        (502, "bad_gateway", True, True),
        (503, "service_unavailable", True, True),
        (504, "gateway_timeout", True, True),
        (507, "server_error", False, True),
        (302, "http_error", False, False),
        (799, "http_error", False, False),
    ],
)
def test_classification(status: int, error_type: str, is_retryable: bool, tried_again: bool) -> None:
    answer = response(status)
    failed = Api().api_failure(answer)
    assert (failed.error_type, failed.retryable, answer.is_retryable) == (error_type, tried_again, is_retryable)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": "stock is empty"}, "HTTP 409: stock is empty"),
        ({"error": {"message": "nested"}}, "HTTP 409: nested"),
        ({"detail": "d", "msg": "m"}, "HTTP 409: d"),
        ({"other": 1}, "HTTP 409: Conflict"),
        (["list"], "HTTP 409: Conflict"),
    ],
)
def test_messages(body: Any, message: str) -> None:
    assert Api().api_failure(response(409, body)).error_message == message


def test_metadata_of_failures_and_successes() -> None:
    failed = Api().api_failure(response(500, {"a": 1}), "own words")
    assert failed.error_message == "own words"
    assert failed.metadata["status_code"] == 500
    assert failed.metadata["response_body"] == {"a": 1}
    assert "response_body" not in Api().api_failure(response(500)).metadata
    done = Api().api_success(response(201, [1, 2]))
    assert done.result == {"data": [1, 2]}
    assert done.metadata["status_code"] == 201
    assert Api().api_success(response(200, {"a": 1}), include_response=False).metadata == {}
    assert Api().api_success(result={"own": 1}).result == {"own": 1}


def test_retry_after() -> None:
    assert response(503, Retry_After="7").retry_after == 7
    assert response(503).retry_after is None
    date = email.utils.formatdate(time.time() + 100, usegmt=True)
    answer = response(503, Retry_After=date)
    assert answer.retry_after == 60
    assert 90 <= Api().api_failure(answer).metadata["retry_after_seconds"] <= 100
    assert Api().api_failure(response(503, Retry_After="soon")).metadata["retry_after_seconds"] == 60


def test_transport_failures() -> None:
    lost = Api().connection_error(httpx.ConnectError("refused"), "fetching order")
    assert lost.error_message == "Connection error while fetching order: refused"
    assert (lost.error_type, lost.retryable, lost.metadata) == (
        "connection_error",
        True,
        {"exception_type": "ConnectError"},
    )
    assert Api().timeout_error(httpx.ReadTimeout("slow")).error_message == "Request timeout: slow"


def test_verbs_reach_the_client() -> None:
    seen: list[tuple[str, str, bytes]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.method, str(request.url), request.read()))
        return httpx.Response(200, json={"ok": True})

    api = Api()
    api._client = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://shop.test")
    api.get("/a", params={"q": 1})
    api.post("/b", json={"x": 1})
    api.put("/c", data={"y": "2"})
    api.patch("/d")
    api.delete("/e")
    assert api.request("OPTIONS", "/f").body == {"ok": True}
    assert [method for method, _, _ in seen] == ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    assert seen[0][1] == "http://shop.test/a?q=1"
    assert seen[1][2] == b'{"x":1}'
    api.close()


def test_the_client_is_configured_and_closed_after_the_step() -> None:
    made: list[httpx.Client] = []

    class Watched(Api):
        def call(self, context: StepContext) -> dict[str, Any]:
            made.append(self.client)
            return {"timeout": self.client.timeout.read, "key": self.client.headers["X-Key"]}

    assert run_step(Watched)["result"] == {"timeout": 30.0, "key": "1"}
    assert made[0].is_closed
    assert Api().capabilities == ["process", "http", "api"]

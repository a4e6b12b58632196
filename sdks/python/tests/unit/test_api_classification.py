"""The vectors of the HTTP helpers, against a real server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.http_server import serving
from tasker_core import ApiHandler, ApiResponse, StepContext, StepHandlerResult
from tasker_core.testing import run_step

VECTORS = Path(__file__).resolve().parents[4] / "protocol" / "vectors" / "api-classification.json"
GROUPS: list[dict[str, Any]] = json.loads(VECTORS.read_text(encoding="utf-8"))


def cases(subject: str) -> list[Any]:
    return [
        pytest.param(test, id=f"{group['description'][:30]}: {test['description']}")
        for group in GROUPS
        if group["subject"] == subject
        for test in group["tests"]
    ]


class Caller(ApiHandler):
    """Does what handlers do, and remembers what it saw."""

    handler_name = "caller"

    def __init__(self, base_url: str, data: dict[str, Any]) -> None:
        self.base_url = base_url
        self.data = data
        self.outcome = ""
        self.response: ApiResponse | None = None
        self.result: StepHandlerResult | None = None
        if "client" in data:
            self.default_timeout = data["client"]["timeout_ms"] / 1000

    def call(self, context: StepContext) -> StepHandlerResult:
        self.result = self._call()
        return self.result

    def _call(self) -> StepHandlerResult:
        try:
            self.response = self.get("/")
        except httpx.TimeoutException as error:
            self.outcome = "timeout"
            return self.timeout_error(error, self.data.get("while"))
        except httpx.TransportError as error:
            self.outcome = "connection_error"
            return self.connection_error(error, self.data.get("while"))
        if self.response.ok:
            self.outcome = "success"
            return self.api_success(self.response)
        self.outcome = "failure"
        return self.api_failure(self.response, self.data.get("message"))


@pytest.mark.parametrize("test", cases("answer"))
def test_an_answer(test: dict[str, Any]) -> None:
    expected = test["expected"]
    with serving(test["data"]["server"]) as base_url:
        handler = Caller(base_url, test["data"])
        sent = run_step(handler)
        handler.close()
    result, response = handler.result, handler.response
    assert result is not None
    assert handler.outcome == expected["outcome"]
    if "result" in expected:
        assert sent["result"] == result.result == expected["result"]
    if "result_any_of" in expected:
        assert result.result in expected["result_any_of"]
    for member, value in (
        ("error_type", result.error_type),
        ("retryable", result.retryable),
        ("message", result.error_message),
        ("is_retryable", getattr(response, "is_retryable", None)),
        ("retry_after", getattr(response, "retry_after", None)),
        ("retry_after_seconds", result.metadata.get("retry_after_seconds")),
        ("sent_retry_after_seconds", (sent["error"] or {}).get("retry_after_seconds")),
    ):
        if member in expected:
            assert same(expected[member], value), (member, value)
    if "message_prefix" in expected:
        assert result.error_message is not None
        assert result.error_message.startswith(expected["message_prefix"])
    for name, value in expected.get("metadata", {}).items():
        assert result.metadata[name] == value
    assert set(expected.get("metadata_keys", ())) <= set(result.metadata)
    assert not set(expected.get("no_metadata_keys", ())) & set(result.metadata)


def same(expected: Any, value: Any) -> bool:
    if isinstance(expected, dict):
        return isinstance(value, int | float) and expected["at_least"] <= value <= expected["at_most"]
    return bool(expected == value) and type(expected) is type(value)


@pytest.mark.parametrize("test", cases("status"))
def test_a_status(test: dict[str, Any]) -> None:
    response = ApiResponse(httpx.Response(test["data"]["status"]))
    failed = ApiHandlerForStatus().api_failure(response)
    found = {"error_type": failed.error_type, "retryable": failed.retryable, "is_retryable": response.is_retryable}
    assert found == test["expected"]


class ApiHandlerForStatus(ApiHandler):
    def call(self, context: StepContext) -> StepHandlerResult:
        raise NotImplementedError

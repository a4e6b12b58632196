"""Handlers, plain and async, what they return and raise, and the messages that come of it."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import threading
from typing import Any

import pytest
from pydantic import BaseModel

from support.machine import WRITER
from support.messages import body, execute
from tasker_core import HandlerRegistry, PermanentError, RetryableError, StepContext, StepHandler, StepHandlerResult
from tasker_core.errors import RateLimitError
from tasker_core.wire.execute import parse_execute
from tasker_core.worker.job import RunControl
from tasker_core.worker.runner import StepRunner


class Foreign(Exception):
    retryable = False
    retry_after = 5


class Secretive(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Payload(BaseModel):
    total: int


class Many(StepHandler):
    """One method per case; the template's ``method`` chooses it."""

    handler_name = "many"
    handler_version = "2.3.4"

    def call(self, context: StepContext) -> StepHandlerResult:
        return self.success({"seen": context.input_data}, metadata={"mine": 1})

    async def later(self, context: StepContext) -> StepHandlerResult:
        await asyncio.sleep(0)
        return self.success({"loop": True})

    async def forever(self, context: StepContext) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            context.step_config["cleaned"] = True

    def nothing(self, context: StepContext) -> None:
        return None

    def model(self, context: StepContext) -> Payload:
        return Payload(total=7)

    def careless(self, context: StepContext) -> StepHandlerResult:
        return self.failure(KeyError("sku"), retryable=False)  # type: ignore[arg-type]

    def odd(self, context: StepContext) -> StepHandlerResult:
        return StepHandlerResult.model_construct(is_success=True, result={}, metadata=5, retryable=True)

    def plain(self, context: StepContext) -> dict[str, Any]:
        return {"a": 1}

    def fails(self, context: StepContext) -> StepHandlerResult:
        return self.failure("declined", "card_declined", retryable=False, metadata={"bank": "x"}, error_code="E7")

    def permanent(self, context: StepContext) -> None:
        raise PermanentError("never", error_code="P1", metadata={"why": "rule"})

    def retry(self, context: StepContext) -> None:
        raise RetryableError("soon", retry_after=7)

    def limited(self, context: StepContext) -> None:
        raise RateLimitError("slow down", retryable=False, retry_after=7)

    def unknown(self, context: StepContext) -> None:
        raise ValueError("plain")

    def foreign(self, context: StepContext) -> None:
        raise Foreign("foreign")

    def secretive(self, context: StepContext) -> None:
        raise Secretive

    def leaves(self, context: StepContext) -> None:
        sys.exit(3)

    def waits(self, context: StepContext) -> None:
        context.raise_if_cancelled()

    def endless_retry(self, context: StepContext) -> None:
        raise RetryableError("later", retry_after=10**9)


def registry() -> HandlerRegistry:
    made = HandlerRegistry()
    made.register("many", Many)
    return made


def run(method: str | None = None, control: RunControl | None = None, **changes: Any) -> dict[str, Any]:
    changes["handler"] = {"method": method, **changes.get("handler", {})}
    message = parse_execute(body(execute("many", changes.pop("context", None), **changes)))
    answer = StepRunner(registry(), WRITER).execute(message, control or RunControl())
    sent: dict[str, Any] = json.loads(answer.body)
    return sent


def test_success_carries_the_result_the_metadata_and_the_version() -> None:
    sent = run(context={"order_id": 2**63 - 1})
    assert sent["status"] == "completed"
    assert sent["result"] == {"seen": {"order_id": 2**63 - 1}}
    assert sent["metadata"] == {"mine": 1, "retryable": True, "handler_version": "2.3.4"}
    assert sent["error"] is None
    assert sent["started_at"] <= sent["completed_at"]


@pytest.mark.parametrize(
    ("method", "result"),
    [("later", {"loop": True}), ("nothing", {}), ("model", {"total": 7}), ("plain", {"a": 1})],
)
def test_other_forms_of_success(method: str, result: dict[str, Any]) -> None:
    sent = run(method)
    assert (sent["status"], sent["result"]) == ("completed", result)


def test_an_exception_passed_as_a_message_is_shown() -> None:
    error = run("careless")["error"]
    assert (error["message"], error["error_type"], error["retryable"]) == ("'sku'", "handler_error", False)


def test_a_result_that_breaks_the_writer_has_an_answer_too() -> None:
    error = run("odd")["error"]
    assert (error["error_type"], error["retryable"]) == ("serialization_error", False)
    assert error["message"].startswith("the result cannot be sent: ")


@pytest.mark.parametrize("method", ["no_such", "__class__", "_private"])
def test_a_method_that_is_missing_is_named(method: str) -> None:
    sent = run(method)
    assert (sent["status"], sent["error"]["error_type"]) == ("abandoned", "handler_not_found")
    assert sent["error"]["message"] == f"this worker has no handler many (method {method})"


def test_a_failure_keeps_its_type_code_and_metadata() -> None:
    sent = run("fails")
    assert sent["status"] == "failed"
    assert sent["result"] is None
    error = sent["error"]
    assert (error["message"], error["error_type"], error["error_code"], error["retryable"]) == (
        "declined",
        "card_declined",
        "E7",
        False,
    )
    assert error["metadata"]["bank"] == sent["metadata"]["bank"] == "x"


@pytest.mark.parametrize(
    ("method", "error_type", "retryable", "code", "wait"),
    [
        ("permanent", "PermanentError", False, "P1", None),
        ("retry", "RetryableError", True, None, 7),
        ("limited", "RateLimitError", False, None, None),
        ("unknown", "ValueError", True, None, None),
        ("foreign", "Foreign", False, None, None),
        ("secretive", "Secretive", True, None, None),
        ("leaves", "SystemExit", True, None, None),
        ("endless_retry", "RetryableError", True, None, 86_400),
    ],
)
def test_exceptions(method: str, error_type: str, retryable: bool, code: str | None, wait: float | None) -> None:
    error = run(method)["error"]
    assert (error["error_type"], error["retryable"], error["error_code"]) == (error_type, retryable, code)
    assert error.get("retry_after_seconds") == wait
    assert error["backtrace"]
    assert not any("tasker_core/worker" in line for line in error["backtrace"])
    assert error["metadata"]["traceback"]


def test_an_async_handler_past_its_time_is_stopped_and_cleans_up() -> None:
    control = RunControl()
    threading.Timer(0.05, lambda: control.request_stop("timeout")).start()
    error = run("forever", control)["error"]
    assert (error["error_type"], error["retryable"]) == ("timeout", True)


def test_a_handler_that_stops_early_after_a_cancel_answers_cancelled() -> None:
    control = RunControl()
    control.request_stop("cancelled")
    error = run("waits", control)["error"]
    assert (error["error_type"], error["retryable"]) == ("cancelled", False)


def test_a_handler_that_does_not_look_sends_its_result() -> None:
    control = RunControl()
    control.request_stop("cancelled")
    assert run(None, control)["status"] == "completed"


@pytest.mark.parametrize("handler", [{"callable": "Nobody"}, {"method": "missing"}, {"resolver": "unknown"}])
def test_unknown_handler_method_or_resolver(handler: dict[str, Any]) -> None:
    sent = run(handler=handler, step={})
    assert (sent["status"], sent["error"]["error_type"]) == ("abandoned", "handler_not_found")
    assert sent["started_at"] is None


@pytest.mark.parametrize("name", ["many", "Many", f"{__name__}.Many"])
def test_every_name_of_a_handler_resolves(name: str) -> None:
    assert run(handler={"callable": name})["status"] == "completed"


def test_an_analyzer_need_not_name_its_only_worker_template() -> None:
    class Analyzer(StepHandler):
        handler_name = "analyzer"

        def call(self, context: StepContext) -> dict[str, Any]:
            return {"batch_processing_outcome": {"type": "create_batches", "cursor_configs": []}}

    handlers = HandlerRegistry()
    handlers.register("analyzer", Analyzer)
    for names, expected in ([["rows"], "rows"], [["rows", "lines"], None], [[], None]):
        message = parse_execute(body(execute("analyzer", step_definition={"worker_template_names": names})))
        sent = json.loads(StepRunner(handlers, WRITER).execute(message, RunControl()).body)
        assert sent["result"]["batch_processing_outcome"].get("worker_template_name") == expected


def test_one_readable_log_line_per_step(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tasker_core.worker")
    sent = run()
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith("step validate_order attempt 1/3 completed in ")
    assert line.endswith(f" ms task={sent['task_uuid']}")


def test_the_log_line_of_a_failure_says_why(caplog: pytest.LogCaptureFixture) -> None:
    run("permanent")
    assert caplog.records[-1].getMessage().endswith("PermanentError: never")

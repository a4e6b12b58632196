"""The test kit, used as a handler's author would."""

from __future__ import annotations

from typing import Any

import pytest

from tasker_core import PermanentError, StepContext, StepHandler, StepHandlerResult
from tasker_core.testing import StepProbe, assert_success, call_handler, run_step, step_context


class Sum(StepHandler):
    handler_name = "sum"

    def __init__(self, config: dict[str, Any]) -> None:
        self.factor = config.get("factor", 1)

    def call(self, context: StepContext) -> StepHandlerResult:
        items = context.get_input_or("items", [])
        if not items:
            raise PermanentError("no items", error_code="EMPTY")
        context.report_progress(1, 1)
        before = context.get_dependency_field("before", "offset") or 0
        return self.success({"sum": (sum(items) + before) * self.factor, "retry": context.retry_count})

    async def later(self, context: StepContext) -> StepHandlerResult:
        context.raise_if_cancelled()
        return self.success({"later": True})


def test_calling_a_handler_with_plain_values() -> None:
    probe = StepProbe()
    context = step_context(
        input={"items": [1, 2]},
        dependencies={"before": {"offset": 10}},
        config={"factor": 2},
        retry_count=1,
        probe=probe,
    )
    assert assert_success(call_handler(Sum, context)) == {"sum": 26, "retry": 1}
    assert probe.progress == (1, 1, None)
    assert assert_success(call_handler(Sum({}), method="later")) == {"later": True}
    with pytest.raises(PermanentError):
        call_handler(Sum)


def test_running_a_step_gives_the_message_that_would_be_sent() -> None:
    sent = run_step(Sum, input={"items": [1]}, attempt=2, config={"factor": 3})
    assert (sent["status"], sent["result"]) == ("completed", {"sum": 3, "retry": 1})
    failed = run_step(Sum)
    assert (failed["error"]["error_code"], failed["error"]["retryable"]) == ("EMPTY", False)
    assert run_step(Sum, method="missing")["error"]["error_type"] == "handler_not_found"
    assert run_step(Sum({}), input={"items": [2]})["result"] == {"sum": 2, "retry": 0}


def test_a_failure_is_told() -> None:
    with pytest.raises(AssertionError, match="declined"):
        assert_success(StepHandlerResult.failure("declined"))
    with pytest.raises(TypeError, match="decorated function"):
        run_step(lambda: None)

"""StepContext and StepEvent, built from a message and built by hand."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from support.messages import body, execute
from tasker_core import StepContext, StepEvent
from tasker_core.wire.execute import parse_execute
from tasker_core.worker.context_builder import build_context
from tasker_core.worker.job import RunControl

DEPENDENCIES = {
    "plain": {"status": "completed", "result": {"id": 1, "nested": {"deep": [1]}}, "metadata": {}},
    "inner": {"status": "completed", "result": {"result": {"kept": True}}, "metadata": {}},
    "manual": {"status": "resolved_manually", "result": None, "metadata": {}},
    "bad": {"status": "failed", "result": None, "metadata": {}, "error": {"message": "x"}},
    "batch_001": {"status": "completed", "result": {"n": 1}, "metadata": {}},
    "batch_002": {"status": "completed", "result": {"n": 2}, "metadata": {}},
}


def context_of(**changes: Any) -> StepContext:
    return build_context(parse_execute(body(execute("echo", **changes))), "echo", RunControl())


def test_every_field_comes_from_the_message() -> None:
    message = execute(
        "echo",
        {"order": 7, "nothing": None},
        step={"attempt": 3, "max_attempts": 3, "inputs": {"cursor": {"batch_id": "001"}}},
        handler={"initialization": {"url": "u"}},
        dependency_results=DEPENDENCIES,
    )
    context = build_context(parse_execute(body(message)), "echo", None)
    assert context.task_uuid == UUID(message["task"]["uuid"])
    assert context.step_uuid == UUID(message["step"]["uuid"])
    assert context.correlation_id == UUID(message["task"]["correlation_id"])
    assert context.input_data == {"order": 7, "nothing": None}
    assert context.step_inputs == {"cursor": {"batch_id": "001"}}
    assert context.get_config("url") == "u"
    assert (context.get_input("order"), context.get_input("missing")) == (7, None)
    assert (context.get_input_or("nothing", 5), context.get_input_or("missing", 5)) == (5, 5)
    assert (context.retry_count, context.max_retries) == (2, 3)
    assert context.is_retry()
    assert context.is_last_retry()
    assert context.event.event_id == message["dispatch_id"]


def test_dependency_results_are_unwrapped_exactly_once() -> None:
    context = context_of(dependency_results=DEPENDENCIES)
    assert context.get_dependency_result("plain") == {"id": 1, "nested": {"deep": [1]}}
    assert context.get_dependency_result("inner") == {"result": {"kept": True}}
    assert context.get_dependency_result("manual") is None
    assert context.get_dependency_result("unknown") is None
    assert context.get_dependency_field("plain", "nested", "deep") == [1]
    assert context.get_dependency_field("plain", "nested", "deep", "further") is None
    assert context.get_all_dependency_results("batch_") == [{"n": 1}, {"n": 2}]
    assert context.get_all_dependency_results("m") == []
    assert context.get_dependency_result_keys() == list(DEPENDENCIES)
    assert context.dependency_results["bad"]["success"] is False
    assert context.dependency_results["manual"]["success"] is True


def test_checkpoints() -> None:
    record = {"cursor": [1], "items_processed": 4, "accumulated_results": {"t": 1}, "timestamp": "x"}
    context = context_of(step={"checkpoint": record})
    assert context.has_checkpoint()
    assert context.checkpoint == record
    assert context.checkpoint_cursor == [1]
    assert context.checkpoint_items_processed == 4
    assert context.accumulated_results == {"t": 1}
    empty = context_of()
    assert not empty.has_checkpoint()
    assert (empty.checkpoint_cursor, empty.checkpoint_items_processed, empty.accumulated_results) == (None, 0, None)


def test_the_first_run_is_no_retry() -> None:
    context = context_of()
    assert (context.retry_count, context.is_retry(), context.is_last_retry()) == (0, False, False)
    assert context_of(step={"max_attempts": 1}).is_last_retry()


def test_cancelled_and_progress_reach_the_worker() -> None:
    control = RunControl()
    context = build_context(parse_execute(body(execute())), "echo", control)
    assert not context.cancelled
    control.request_stop("cancelled")
    assert context.cancelled
    context.report_progress(1, 2, "half")
    assert control.progress == (1, 2, "half")


def test_the_event_behind_the_context() -> None:
    message = execute("echo", {"a": 1}, step={"attempt": 2})
    wrapper = build_context(parse_execute(body(message)), "echo", None).task_sequence_step
    assert wrapper.task.context == {"a": 1}
    assert wrapper.get_task_field("a") == 1
    assert wrapper.task.task_name == "order_processing"
    assert wrapper.task.namespace_name == "default"
    assert wrapper.workflow_step.attempts == 1
    assert wrapper.workflow_step.name == "validate_order"
    assert wrapper.step_definition.handler.callable == "echo"
    assert wrapper.step_definition.timeout_seconds == 30
    assert wrapper.step_definition.retry == {"retryable": True, "max_attempts": 3}


def test_trace_ids_come_from_the_header() -> None:
    message = parse_execute(body(execute()))
    message.trace_headers = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    event = build_context(message, "echo", None).event
    assert (event.trace_id, event.span_id) == ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")


@pytest.mark.parametrize("task", [{"context": {"a": 1}}, {"task": {"context": {"a": 1}}}])
def test_a_context_from_an_event_built_by_hand(task: dict[str, Any]) -> None:
    event = StepEvent(
        event_id="e",
        task_uuid=uuid4(),
        step_uuid=uuid4(),
        correlation_id=uuid4(),
        task_sequence_step={
            "task": task,
            "workflow_step": {"attempts": 1, "max_attempts": 2, "inputs": {"i": 1}},
            "dependency_results": {"before": {"result": {"x": 1}}},
            "step_definition": {"handler": {"callable": "h", "initialization": {"c": 1}}},
        },
    )
    for context in (StepContext.from_event(event, "h"), StepContext.from_ffi_event(event, "h")):
        assert context.input_data == {"a": 1}
        assert context.step_inputs == {"i": 1}
        assert context.step_config == {"c": 1}
        assert context.get_dependency_result("before") == {"x": 1}
        assert context.is_last_retry()
        assert context.task_sequence_step.task.context == {"a": 1}
    with pytest.raises(ValidationError):
        event.event_id = "other"


def test_a_context_is_a_pydantic_model_with_a_public_constructor() -> None:
    event = StepEvent(event_id="e", task_uuid=uuid4(), step_uuid=uuid4(), correlation_id=uuid4())
    context = StepContext(
        event=event,
        task_uuid=event.task_uuid,
        step_uuid=event.step_uuid,
        correlation_id=event.correlation_id,
        handler_name="h",
        input_data={"a": 1},
    )
    assert context.max_retries == 3
    assert context.model_dump()["input_data"] == {"a": 1}
    assert not context.cancelled
    context.report_progress(1)

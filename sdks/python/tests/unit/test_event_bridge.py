"""Notifications inside the process, and running an event outside a worker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.handlers import Echo
from tasker_core import (
    EventBridge,
    EventNames,
    HandlerRegistry,
    StepExecutionError,
    StepExecutionSubscriber,
    StepHandler,
)
from tasker_core.testing import run_step, step_context


@pytest.fixture(autouse=True)
def bridge() -> Iterator[EventBridge]:
    EventBridge.reset_instance()
    made = EventBridge.instance()
    made.start()
    yield made
    EventBridge.reset_instance()


def test_subscribe_once_unsubscribe_and_errors(bridge: EventBridge, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Any] = []

    def fail(_: Any) -> None:
        raise ValueError("no")

    bridge.subscribe("a", seen.append)
    bridge.subscribe_once("a", fail)
    assert bridge.listener_count("a") == bridge.listener_count() == 2
    assert bridge.publish("a", 1) == 2
    assert bridge.publish("a", 2) == 1
    assert seen == [1, 2]
    assert "a listener of a raised ValueError" in caplog.text
    assert bridge.unsubscribe("a", seen.append) is True
    assert bridge.unsubscribe("a", seen.append) is False
    assert bridge.publish("a", 3) == 0


def test_a_bus_that_is_stopped_passes_nothing_on(bridge: EventBridge) -> None:
    seen: list[Any] = []
    bridge.subscribe("a", seen.append)
    bridge.stop()
    assert not bridge.is_active
    assert bridge.publish("a", 1) == 0
    assert seen == []


def test_what_a_worker_notifies_of(bridge: EventBridge) -> None:
    seen: list[str] = []
    for name in (EventNames.HANDLER_REGISTERED, EventNames.STEP_EXECUTION_RECEIVED, EventNames.HANDLER_ERROR):
        bridge.subscribe(name, lambda *_, name=name: seen.append(name))

    class Broken(StepHandler):
        handler_name = "broken"

        def call(self, context: Any) -> Any:
            raise RuntimeError("no")

    run_step(Broken)
    assert seen == ["handler.registered", "step.execution.received", "handler.error"]
    assert set(bridge.event_schema()) == {
        "step.execution.received",
        "step.completion.sent",
        "step.checkpoint_yield.sent",
        "handler.registered",
        "handler.error",
    }


def test_a_subscriber_counts_and_runs_an_event(bridge: EventBridge) -> None:
    registry = HandlerRegistry.instance()
    registry.register("echo", Echo)
    subscriber = StepExecutionSubscriber(bridge, registry, "w1")
    subscriber.start()
    assert subscriber.is_active
    result = subscriber.execute(step_context(input={"n": 1}, handler_name="echo").event)
    assert result.result == {"echo": {"n": 1}, "from": []}
    assert subscriber.execution_count == 0
    run_step(Echo)
    assert subscriber.execution_count == 1
    with pytest.raises(StepExecutionError, match="no handler nobody") as raised:
        subscriber.execute(step_context(handler_name="nobody").event)
    assert (raised.value.error_type, raised.value.retryable) == ("handler_not_found", False)
    subscriber.stop()
    run_step(Echo)
    assert subscriber.execution_count == 1

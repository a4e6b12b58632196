"""Publishers, subscribers and what the runner makes of a step's declared events."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from support.events import Charge, ChargePublisher, Listener
from support.messages import execute
from support.waiting import eventually
from tasker_core import (
    DomainEventMetadata,
    HandlerRegistry,
    InProcessDomainEvent,
    InProcessDomainEventPoller,
    StepEventContext,
)
from tasker_core.domain_events import DefaultPublisher, PublisherRegistry, SubscriberRegistry
from tasker_core.testing import step_context
from tasker_core.wire.execute import parse_execute
from tasker_core.wire.outgoing import MessageWriter, WorkerIdentity
from tasker_core.worker.job import RunControl
from tasker_core.worker.runner import Answer, StepRunner


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    yield
    PublisherRegistry.reset()
    SubscriberRegistry.reset()


@pytest.fixture
def poller() -> Iterator[InProcessDomainEventPoller]:
    made = InProcessDomainEventPoller()
    made.start()
    yield made
    made.stop()


def answer_to(declared: list[Any], context: dict[str, Any] | None = None, **members: Any) -> Answer:
    """What the runner answers to a step with these events."""
    registry = HandlerRegistry.instance()
    registry.register("charge", Charge)
    message = execute("charge", context or {}, **members)
    message["step_definition"] = {"publishes_events": declared}
    writer = MessageWriter(WorkerIdentity("w", "tasker-python/test", "localhost"))
    return StepRunner(registry, writer).execute(parse_execute(json.dumps(message).encode()), RunControl())


def sent(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.body)
    return found


EVENT = {"name": "charge.done", "publisher": "charges"}


def test_a_publisher_shapes_the_payload_that_the_result_carries() -> None:
    publisher = ChargePublisher()
    PublisherRegistry.instance().register(publisher)
    answer = sent(answer_to([EVENT]))
    (entry,) = answer["events"]
    assert (entry["name"], entry["payload"]) == ("charge.done", {"amount": 12.5})
    assert answer["result"] == {"amount": 12.5, "card": "4111"}
    base = {"publisher", "published_at", "task_uuid", "step_uuid", "step_name", "namespace", "correlation_id"}
    assert set(entry["metadata"]) == base | {"terminal"}
    assert entry["metadata"]["terminal"] == 7
    assert publisher.calls == [
        "should_publish",
        "transform_payload",
        "additional_metadata",
        "before_publish",
        "after_publish",
    ]


@pytest.mark.parametrize("hook", ["should_publish", "before_publish"])
def test_a_publisher_that_refuses(hook: str) -> None:
    publisher = ChargePublisher(**{hook: False})
    PublisherRegistry.instance().register(publisher)
    assert sent(answer_to([EVENT]))["events"] == [{"name": "charge.done", "suppress": True}]
    assert "after_publish" not in publisher.calls


@pytest.mark.parametrize("hook", ["should_publish", "transform_payload", "additional_metadata", "before_publish"])
def test_a_hook_that_raises_is_logged_and_changes_nothing_about_the_step(
    hook: str, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = ChargePublisher(**{hook: KeyError("oops")})
    PublisherRegistry.instance().register(publisher)
    answer = sent(answer_to([EVENT]))
    assert (answer["status"], answer["events"]) == ("completed", [{"name": "charge.done", "suppress": True}])
    assert publisher.calls[-1] == "on_publish_error KeyError"
    assert "event charge.done: publisher ChargePublisher: KeyError" in caplog.text


def test_an_error_after_the_event_was_handed_over_does_not_take_it_back() -> None:
    publisher = ChargePublisher(after_publish=KeyError("oops"))
    PublisherRegistry.instance().register(publisher)
    assert sent(answer_to([EVENT]))["events"][0]["payload"] == {"amount": 12.5}
    assert publisher.calls[-1] == "on_publish_error KeyError"


def test_a_payload_that_cannot_be_sent_is_a_publishing_error() -> None:
    publisher = ChargePublisher(transform_payload={"x": float("nan")})
    PublisherRegistry.instance().register(publisher)
    answer = sent(answer_to([EVENT]))
    assert (answer["status"], answer["events"]) == ("completed", [{"name": "charge.done", "suppress": True}])
    assert publisher.calls[-1] == "on_publish_error ValueError"


def test_payloads_above_the_limit_fail_the_step_with_a_reason() -> None:
    PublisherRegistry.instance().register(ChargePublisher(transform_payload={"x": "y" * 5000}))
    answer = sent(answer_to([EVENT], limits={"max_result_bytes": 4096}))
    assert (answer["status"], answer["events"]) == ("failed", [])
    assert (answer["error"]["error_type"], answer["error"]["retryable"]) == ("events_too_large", False)


@pytest.mark.parametrize(
    ("condition", "succeeded", "failed"),
    [
        (None, True, False),
        ("success", True, False),
        ("failure", False, True),
        ("retryable_failure", False, True),
        ("permanent_failure", False, True),
        ("always", True, True),
    ],
)
def test_publishers_run_when_the_condition_may_hold(condition: str | None, succeeded: bool, failed: bool) -> None:
    PublisherRegistry.instance().register(ChargePublisher())
    declared = [{**EVENT, "condition": condition}]
    assert bool(sent(answer_to(declared))["events"]) is succeeded
    assert bool(sent(answer_to(declared, {"fail": "permanent"}))["events"]) is failed


def test_events_without_a_publisher_of_this_worker_need_no_entry(caplog: pytest.LogCaptureFixture) -> None:
    declared = [{"name": "plain"}, {"name": "other", "publisher": "elsewhere"}, "nonsense", {"no": "name"}]
    assert sent(answer_to(declared))["events"] == []
    assert "no publisher elsewhere is registered in this worker" in caplog.text


def test_an_event_in_process_has_the_form_of_the_broker(poller: InProcessDomainEventPoller) -> None:
    PublisherRegistry.instance().register(ChargePublisher())
    got: list[InProcessDomainEvent] = []
    poller.on_event(got.append)
    answer = answer_to([{**EVENT, "delivery_mode": "broadcast"}])
    assert got == []  # nothing before the confirm
    assert answer.after_confirm is not None
    answer.after_confirm()
    eventually(lambda: got, "the event")
    event, result = got[0].to_dict(), sent(answer)
    step_uuid = uuid.UUID(result["step_uuid"])
    assert set(event) == {"event_id", "event_name", "event_version", "payload", "metadata", "execution_result"}
    assert event["event_id"] == str(uuid.uuid5(step_uuid, "1:charge.done"))
    assert (event["event_name"], event["event_version"], event["payload"]) == ("charge.done", "1.0", {"amount": 12.5})
    assert event["metadata"]["step_uuid"] == str(step_uuid)
    assert event["metadata"]["fired_by"] == "charges"
    assert event["metadata"]["terminal"] == 7
    assert event["execution_result"]["success"] is True
    assert event["execution_result"]["result"] == {"amount": 12.5, "card": "4111"}
    assert "error_message" not in event["execution_result"]


@pytest.mark.parametrize(
    ("mode", "delivered"), [("fast", True), ("broadcast", True), ("durable", False), (None, False)]
)
def test_which_modes_are_delivered_in_process(
    mode: str | None, delivered: bool, poller: InProcessDomainEventPoller
) -> None:
    answer = answer_to([{"name": "charge.plain", "delivery_mode": mode}])
    assert (answer.after_confirm is not None) is delivered


@pytest.mark.parametrize(
    ("fail", "attempt", "condition", "delivered"),
    [
        ("retryable", 1, "retryable_failure", True),
        ("retryable", 1, "permanent_failure", False),
        ("retryable", 3, "retryable_failure", False),
        ("retryable", 3, "permanent_failure", True),
        ("permanent", 1, "permanent_failure", True),
        ("permanent", 1, "retryable_failure", False),
        ("permanent", 1, "failure", True),
    ],
)
def test_whether_a_failure_is_retried_is_decided_here_for_subscribers(
    fail: str, attempt: int, condition: str, delivered: bool, poller: InProcessDomainEventPoller
) -> None:
    declared = [{"name": "charge.failed", "delivery_mode": "fast", "condition": condition}]
    answer = answer_to(declared, {"fail": fail}, step={"attempt": attempt, "max_attempts": 3})
    assert (answer.after_confirm is not None) is delivered


def event_named(name: str, payload: Any = None) -> InProcessDomainEvent:
    return InProcessDomainEvent(
        event_id="e", event_name=name, metadata=DomainEventMetadata(task_uuid="t"), payload=payload
    )


def test_subscribers_get_what_they_subscribe_to_and_survive_their_errors(poller: InProcessDomainEventPoller) -> None:
    listener = Listener()
    registry = SubscriberRegistry.instance()
    registry.register_instance(listener)
    assert registry.start_all(poller) == 1
    poller.offer(event_named("other.done"))
    poller.offer(event_named("charge.done", {"break": True}))
    poller.offer(event_named("charge.done", {"n": 1}))
    eventually(lambda: listener.events, "the event")
    assert [event["payload"] for event in listener.events] == [{"n": 1}]
    assert [type(error) for error in listener.errors] == [ValueError]
    assert (registry.active_count, registry.list_registered()) == (1, ["Listener"])
    registry.stop_all()
    assert not listener.active
    assert poller.stats["delivered"] >= 2


def test_registered_classes_are_started_once(poller: InProcessDomainEventPoller) -> None:
    registry = SubscriberRegistry.instance()
    registry.register(Listener)
    registry.register(Listener)
    assert registry.start_all(poller) == 1
    assert registry.start_all(poller) == 1
    assert registry.stats["subscriptions"] == {"Listener": ["charge.*"]}
    with pytest.raises(TypeError, match="not a subclass of BaseSubscriber"):
        registry.register(dict)  # type: ignore[arg-type]


def test_the_poller_reports_errors_and_finishes_before_it_stops() -> None:
    poller = InProcessDomainEventPoller(polling_interval_ms=5, max_events_per_poll=10)
    seen: list[str] = []
    errors: list[Exception] = []

    def fail(event: InProcessDomainEvent) -> None:
        seen.append(event.event_name)
        raise RuntimeError("no")

    poller.on_event(fail)
    poller.on_error(errors.append)
    poller.start()
    assert poller.is_running
    for number in range(50):
        poller.offer(event_named(f"e{number}"))
    poller.stop()
    assert not poller.is_running
    assert seen == [f"e{number}" for number in range(50)]
    assert len(errors) == 50
    assert poller.stats == {"delivered": 50, "failed": 50, "dropped": 0, "waiting": 0, "running": False}


def test_the_publisher_registry(caplog: pytest.LogCaptureFixture) -> None:
    registry = PublisherRegistry.instance()
    first = ChargePublisher()
    registry.register(first)
    registry.register(ChargePublisher(), name="second")
    assert registry.list_publishers() == ["charges", "second"]
    assert registry.get("charges") is first
    assert registry.get("none") is None
    assert isinstance(registry.get_or_default("none"), DefaultPublisher)
    assert registry.validate_required(["charges", "none"]) == ["none"]
    with caplog.at_level(logging.WARNING):
        registry.register(ChargePublisher())
    assert "publisher charges: ChargePublisher replaces ChargePublisher" in caplog.text
    registry.freeze()
    assert registry.is_frozen
    with pytest.raises(RuntimeError, match="frozen"):
        registry.register(first)
    registry.unfreeze()
    registry.clear()
    assert registry.list_publishers() == []
    with pytest.raises(TypeError, match="register an instance"):
        registry.register(ChargePublisher)  # type: ignore[arg-type]


def test_a_context_from_a_step_context_and_publish_by_hand() -> None:
    made = StepEventContext.from_step_context(step_context(handler_name="h"), {"amount": 3}, {"k": 1})
    assert (made.step_name, made.namespace, made.result, made.metadata) == ("step", "default", {"amount": 3}, {"k": 1})
    assert DefaultPublisher().publish(made) is True
    assert ChargePublisher(should_publish=False).publish(made, "charge.done") is False
    prepared = DefaultPublisher().prepare(made)
    assert prepared is not None
    assert (prepared.name, prepared.payload) == ("step", {"amount": 3})

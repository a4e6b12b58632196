"""Events inside the process: only what the broker has confirmed counts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.broker import Desk, Node
from support.events import Charge, ChargePublisher, Listener
from support.messages import execute
from support.waiting import eventually
from tasker_core import EventBridge, EventNames, HandlerRegistry, Worker
from tasker_core.domain_events import PublisherRegistry, SubscriberRegistry

pytestmark = pytest.mark.broker

EVENTS = [{"name": "charge.done", "publisher": "charges", "delivery_mode": "fast"}]


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    EventBridge.reset_instance()
    yield
    Worker.reset_instance()
    PublisherRegistry.reset()
    SubscriberRegistry.reset()
    EventBridge.reset_instance()


def test_subscribers_get_an_event_after_the_confirm_of_its_result(
    node: Node, make_desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk = make_desk(node, results=False)
    for name, value in desk.environment.items():
        monkeypatch.setenv(name, value)
    listener, sent = Listener(), []
    SubscriberRegistry.instance().register_instance(listener)
    PublisherRegistry.instance().register(ChargePublisher())
    HandlerRegistry.instance().register("charge", Charge)
    bridge = EventBridge.instance()
    bridge.start()
    bridge.subscribe(EventNames.STEP_COMPLETION_SENT, sent.append)
    with caplog.at_level(logging.WARNING):
        worker = Worker.start()
        assert worker.wait_until_ready(60)
        message: dict[str, Any] = execute("charge", step_definition={"publishes_events": EVENTS})
        desk.send(message)
        eventually(lambda: "does not exist; a result waits for it" in caplog.text, "the return of the result")
    assert (listener.events, sent) == ([], [])
    desk.declare_results()
    result = desk.result()
    assert [entry["payload"] for entry in result["events"]] == [{"amount": 12.5}]
    eventually(lambda: listener.events and sent, "the event and the notification")
    assert listener.events[0]["payload"] == {"amount": 12.5}
    assert listener.events[0]["metadata"]["step_uuid"] == message["step"]["uuid"]
    assert [notified["dispatch_id"] for notified in sent] == [message["dispatch_id"]]
    worker.stop()
    assert not listener.active

"""Wire protocol 6.1 and 6.2: the order of the checks, and that nothing delivered before is ever run."""

from __future__ import annotations

import json

import pytest

from support.machine import Bench
from support.messages import body, execute
from tasker_core.worker.job import Purpose

MESSAGE_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


def test_a_step_runs_and_is_acked_after_its_result_is_confirmed() -> None:
    bench = Bench()
    tag = bench.deliver()
    result = bench.finish(bench.started[0])
    assert bench.acked == []
    bench.confirm(result)
    assert bench.acked == [tag]
    assert bench.machine.jobs == {}
    assert (result.routing_key, result.persistent, result.type) == ("tasker.results.0", True, "tasker.step.result.v1")
    assert result.message_id == json.loads(result.body)["dispatch_id"]


@pytest.mark.parametrize(
    "properties", [{"redelivered": True}, {"delivery_count": 1}, {"redelivered": True, "delivery_count": 7}]
)
def test_what_was_delivered_before_is_answered_and_never_run(properties: dict[str, object]) -> None:
    bench = Bench()
    tag = bench.deliver(**properties)
    assert bench.started == []
    assert bench.last["status"] == "abandoned"
    assert bench.last["error"]["error_type"] == "redelivered"
    assert bench.last["metadata"].get("delivery_count") == properties.get("delivery_count")
    assert (bench.last["started_at"], bench.last["execution_time_ms"]) == (None, 0)
    bench.confirm()
    assert bench.acked == [tag]


def test_a_delivery_count_of_zero_is_a_first_delivery() -> None:
    bench = Bench()
    bench.deliver(delivery_count=0)
    assert len(bench.started) == 1


def test_a_redelivery_of_a_running_step_is_adopted_and_answered_once() -> None:
    bench = Bench()
    message = execute()
    bench.deliver(message)
    bench.consumer_down()
    bench.consumer_up()
    second = bench.deliver(message, redelivered=True, delivery_count=1)
    assert len(bench.started) == 1
    bench.confirm(bench.finish(bench.started[0]))
    assert bench.acked == [second]
    assert [answer["status"] for answer in bench.answers()] == ["completed"]


def test_a_redelivery_is_adopted_while_the_result_is_unconfirmed() -> None:
    bench = Bench()
    message = execute()
    bench.deliver(message)
    result = bench.finish(bench.started[0])
    bench.consumer_down()
    bench.consumer_up()
    second = bench.deliver(message, redelivered=True)
    bench.confirm(result)
    assert bench.acked == [second]
    assert len(bench.answers()) == 1


def test_two_copies_on_one_connection_are_both_acked() -> None:
    bench = Bench()
    message = execute()
    tags = [bench.deliver(message), bench.deliver(message)]
    assert len(bench.started) == 1
    bench.confirm(bench.finish(bench.started[0]))
    assert bench.acked == tags


def test_a_redelivery_of_an_answered_step_is_acked_and_dropped() -> None:
    bench = Bench()
    message = execute()
    bench.deliver(message)
    bench.confirm(bench.finish(bench.started[0]))
    sent = len(bench.sent)
    again = bench.deliver(message, redelivered=True)
    assert bench.acked[-1] == again
    assert len(bench.sent) == sent


def test_only_the_last_10_000_answers_are_remembered() -> None:
    bench = Bench(slots=1)
    first = execute()
    bench.deliver(first)
    bench.confirm(bench.finish(bench.started[-1]))
    for _ in range(10_000):
        bench.deliver()
        bench.confirm(bench.finish(bench.started[-1]))
    bench.deliver(first, redelivered=True)
    assert bench.last["error"]["error_type"] == "redelivered"


def test_an_unknown_handler_is_abandoned_without_being_started() -> None:
    bench = Bench()
    bench.unknown_handlers = {"Missing"}
    bench.deliver(execute("Missing"))
    assert bench.last["status"] == "abandoned"
    assert bench.last["error"]["error_type"] == "handler_not_found"
    assert "Missing" in bench.last["error"]["message"]


@pytest.mark.parametrize(
    ("raw", "error_type"),
    [
        (b"not json", "invalid_message"),
        (b"\xff\xfe", "invalid_message"),
        (b"[1]", "invalid_message"),
        (b"[" * 100_000, "invalid_message"),
        (b'{"protocol":"1.0","kind":"step.execute","x":NaN}', "invalid_message"),
        (body(execute(kind="step.other")), "invalid_message"),
        (body(execute(protocol="2.0")), "unsupported_protocol"),
        (body(execute(protocol=None)), "unsupported_protocol"),
        (body(execute(protocol="1")), "unsupported_protocol"),
        (body({**execute(), "step": None}), "invalid_message"),
        (body({**execute(), "handler": "echo"}), "invalid_message"),
    ],
)
def test_unreadable_messages_are_dead_lettered_answered_and_acked_after_both_confirms(
    raw: bytes, error_type: str
) -> None:
    bench = Bench()
    tag = bench.deliver(raw, message_id=MESSAGE_ID, reply_to="tasker.results.7", redelivered=True)
    dead, answer = bench.sent
    assert (dead.purpose, dead.exchange, dead.body) == (Purpose.DEAD_LETTER, "tasker.dead", raw)
    assert dead.headers is not None
    assert dead.headers["x-tasker-reason"] == ("unknown_kind" if b"step.other" in raw else error_type)
    assert dead.headers["x-tasker-origin"] == "tasker.steps.default"
    assert dead.headers["x-tasker-detail"]
    sent = json.loads(answer.body)
    assert answer.routing_key == "tasker.results.7"
    assert (sent["dispatch_id"], sent["task_uuid"], sent["step_uuid"]) == (MESSAGE_ID, None, None)
    assert (sent["status"], sent["error"]["error_type"], sent["error"]["retryable"]) == ("failed", error_type, False)
    bench.confirm(dead)
    assert bench.acked == []
    bench.confirm(answer)
    assert bench.acked == [tag]


def test_an_unreadable_message_without_an_address_is_only_dead_lettered() -> None:
    bench = Bench()
    tag = bench.deliver(b"{}")
    assert len(bench.sent) == 1
    bench.confirm()
    assert bench.acked == [tag]


def test_a_higher_minor_version_and_unknown_keys_are_accepted() -> None:
    bench = Bench()
    bench.deliver({**execute(protocol="1.9"), "new_key": 1})
    assert len(bench.started) == 1


def test_shutting_down_comes_after_redelivered_and_before_the_handler() -> None:
    bench = Bench()
    bench.deliver()
    bench.machine.drain(bench.now, grace=30)
    bench.unknown_handlers = {"Missing"}
    bench.deliver(execute("Missing"))
    assert bench.last["error"]["error_type"] == "worker_shutdown"
    bench.deliver(execute(), redelivered=True)
    assert bench.last["error"]["error_type"] == "redelivered"


def test_a_delivery_of_an_older_connection_is_ignored() -> None:
    bench = Bench()
    bench.consumer_down()
    bench.deliver()
    assert bench.started == []
    assert bench.machine.jobs == {}

"""Wire protocol 5 and 6.7: heartbeats, lost connections, parked deliveries; section 3: the claim-check."""

from __future__ import annotations

import json

from support.machine import Bench
from support.messages import execute
from tasker_core.worker.job import Purpose, State


def test_a_short_step_costs_no_heartbeat() -> None:
    bench = Bench()
    bench.deliver()
    bench.advance(0.9)
    bench.confirm(bench.finish(bench.started[0]))
    bench.advance(100)
    assert bench.heartbeats() == []


def test_the_first_heartbeat_after_a_second_then_one_per_interval() -> None:
    bench = Bench()
    bench.deliver(execute(limits={"heartbeat_interval_ms": 20_000}))
    bench.advance(1)
    assert [beat["sequence"] for beat in bench.heartbeats()] == [1]
    assert bench.heartbeats()[0]["detached"] is False
    assert bench.sent[-1].persistent is False
    bench.advance(40)
    assert [beat["sequence"] for beat in bench.heartbeats()] == [1, 2, 3]


def test_progress_travels_with_the_next_heartbeat() -> None:
    bench = Bench()
    bench.deliver()
    control = bench.started[0].control
    assert control is not None
    control.progress = (3, 10, "rows")
    bench.advance(1)
    assert bench.last["progress"] == {"done": 3, "total": 10, "message": "rows"}


def test_a_lost_delivery_is_reported_at_once_and_after_the_reconnect() -> None:
    bench = Bench()
    message = execute()
    bench.deliver(message)
    bench.consumer_down()
    assert bench.last["kind"] == "step.heartbeat"
    assert bench.last["detached"] is True
    bench.consumer_up()
    assert bench.last["detached"] is True
    bench.deliver(message, redelivered=True)
    bench.advance(25)
    assert bench.last["detached"] is False


def test_only_one_heartbeat_per_step_is_sent_after_a_long_outage() -> None:
    bench = Bench()
    bench.deliver(execute(limits={"heartbeat_interval_ms": 1000}))
    bench.consumer_down()
    bench.machine.publisher_down(bench.now)
    before = len(bench.sent)
    bench.advance(60)
    bench.machine.publisher_up(bench.now)
    assert len(bench.sent) - before == 1


def test_a_running_step_survives_an_outage_and_its_result_is_sent() -> None:
    bench = Bench()
    bench.deliver()
    bench.consumer_down()
    bench.machine.publisher_down(bench.now)
    result = bench.finish(bench.started[0])
    bench.advance(300)
    bench.machine.publisher_up(bench.now)
    bench.consumer_up()
    assert bench.sent.count(result) == 1
    bench.confirm(result)
    assert bench.machine.jobs == {}
    assert bench.acked == []


def test_a_parked_delivery_is_adopted_by_its_own_redelivery() -> None:
    bench = Bench(slots=1, queues=2)
    bench.deliver()
    waiting = execute()
    bench.deliver(waiting)
    result = bench.finish(bench.started[0])
    bench.consumer_down()
    assert bench.machine.jobs[waiting["dispatch_id"]].state is State.PARKED
    bench.confirm(result)
    bench.advance(9)
    bench.consumer_up()
    tag = bench.deliver(waiting, redelivered=True, delivery_count=1)
    assert len(bench.started) == 2
    bench.confirm(bench.finish(bench.started[1]))
    assert bench.acked == [tag]


def test_a_parked_delivery_is_forgotten_after_ten_seconds() -> None:
    bench = Bench(slots=1, queues=2)
    bench.deliver()
    waiting = execute()
    bench.deliver(waiting)
    bench.consumer_down()
    bench.advance(10.1)
    assert waiting["dispatch_id"] not in bench.machine.jobs
    bench.consumer_up()
    bench.deliver(waiting, redelivered=True)
    assert bench.last["error"]["error_type"] == "redelivered"


def test_pages_of_omitted_results_are_fetched_before_the_handler_starts() -> None:
    bench = Bench()
    message = execute(dependency_results_omitted={"count": 3, "bytes": 9_000_000})
    bench.deliver(message)
    assert bench.started == []
    question = bench.sent[-1]
    assert question.purpose is Purpose.FETCH
    assert (question.routing_key, question.reply_to) == ("tasker.results.0", "own-queue")
    assert bench.last["kind"] == "step.fetch"
    assert bench.last["after"] is None
    page = {"kind": "step.dependencies", "dispatch_id": message["dispatch_id"]}
    bench.machine.dependencies({**page, "dependency_results": {"a": {"result": 1}}, "next": "a"}, bench.now)
    assert bench.last["after"] == "a"
    bench.machine.dependencies({**page, "dependency_results": {"b": {"result": 2}}, "next": None}, bench.now)
    [job] = bench.started
    assert job.message is not None
    assert job.message.dependency_results == {"a": {"result": 1}, "b": {"result": 2}}


def test_an_unanswered_question_is_repeated_and_a_repeated_answer_does_no_harm() -> None:
    bench = Bench()
    message = execute(dependency_results_omitted={"count": 3, "bytes": 9_000_000})
    bench.deliver(message)
    bench.advance(5.1)
    questions = [p for p in bench.sent if p.purpose is Purpose.FETCH]
    assert [json.loads(p.body)["after"] for p in questions] == [None, None]
    page = {"dispatch_id": message["dispatch_id"], "dependency_results": {"a": {}}, "next": "a"}
    bench.machine.dependencies(page, bench.now)
    bench.machine.dependencies(page, bench.now)
    questions = [p for p in bench.sent if p.purpose is Purpose.FETCH]
    assert [json.loads(p.body)["after"] for p in questions] == [None, None, "a"]


def test_a_dispatch_that_is_gone_is_acked_and_answered_with_nothing() -> None:
    bench = Bench(slots=1)
    message = execute(dependency_results_omitted={"count": 1, "bytes": 1})
    tag = bench.deliver(message)
    bench.machine.dependencies({"dispatch_id": message["dispatch_id"], "gone": True}, bench.now)
    assert bench.acked == [tag]
    assert bench.answers() == []
    assert bench.machine.slots_used == 0


def test_fetching_is_not_started_yet() -> None:
    bench = Bench(slots=1)
    message = execute(dependency_results_omitted={"count": 1, "bytes": 1})
    bench.deliver(message)
    bench.machine.cancel(message["dispatch_id"], bench.now)
    assert bench.last["error"]["error_type"] == "cancelled"
    assert bench.machine.slots_used == 0
    lost = execute(dependency_results_omitted={"count": 1, "bytes": 1})
    bench.deliver(lost)
    bench.consumer_down()
    assert bench.machine.jobs[lost["dispatch_id"]].state is State.PARKED
    assert bench.machine.slots_used == 0

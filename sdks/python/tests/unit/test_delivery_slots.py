"""Wire protocol 6.3 to 6.6: slots, confirms, returned and nacked answers, blocked publishers, early acks."""

from __future__ import annotations

from support.machine import Bench
from support.messages import execute
from tasker_core.worker.job import Purpose, State


def test_a_slot_is_free_when_the_result_is_confirmed_not_when_the_handler_returns() -> None:
    bench = Bench(slots=1)
    bench.deliver()
    result = bench.finish(bench.started[0])
    assert bench.machine.slots_used == 1
    bench.confirm(result)
    assert bench.machine.slots_used == 0


def test_waiting_one_second_for_a_slot_means_full() -> None:
    bench = Bench(slots=1)
    bench.deliver(execute(limits={"ack_deadline_ms": 5000}))
    bench.advance(5)
    bench.confirm()  # the early ack: its credit is free, its slot is not
    bench.machine.tick(bench.now)
    waiting = bench.deliver()
    assert len(bench.started) == 1
    bench.advance(0.9)
    assert bench.answers() == []
    bench.advance(0.2)
    assert [answer["error"]["error_type"] for answer in bench.answers()] == ["worker_busy"]
    assert not bench.consuming
    bench.confirm()
    assert bench.acked[-1] == waiting
    assert not bench.consuming
    bench.confirm(bench.finish(bench.started[0]))
    assert bench.consuming


def test_a_waiting_delivery_starts_when_a_slot_becomes_free_in_time() -> None:
    bench = Bench(slots=1, queues=2)
    bench.deliver()
    bench.deliver()
    result = bench.finish(bench.started[0])
    bench.advance(0.5)
    bench.confirm(result)
    assert len(bench.started) == 2
    bench.advance(2)
    assert bench.consuming


def test_slots_are_a_hard_limit_over_several_queues() -> None:
    bench = Bench(slots=2, queues=3)
    for _ in range(6):
        bench.deliver()
    assert len(bench.started) == 2


def test_a_returned_result_is_repeated_every_5_seconds_and_holds_up_nobody() -> None:
    bench = Bench(slots=2)
    bench.deliver()
    result = bench.finish(bench.started[0])
    bench.machine.returned(result, bench.now)
    bench.advance(4.9)
    assert bench.sent.count(result) == 1
    bench.advance(0.2)
    assert bench.sent.count(result) == 2
    assert bench.acked == []
    other = bench.deliver()
    bench.confirm(bench.finish(bench.started[1]))
    assert bench.acked == [other]
    bench.confirm(result)
    assert len(bench.acked) == 2


def test_a_nacked_result_is_repeated_after_half_a_second() -> None:
    bench = Bench()
    bench.deliver()
    result = bench.finish(bench.started[0])
    bench.machine.nacked(result, bench.now)
    bench.advance(0.4)
    assert bench.sent.count(result) == 1
    bench.advance(0.2)
    assert bench.sent.count(result) == 2


def test_kept_results_are_published_again_under_the_same_dispatch_after_a_reconnect() -> None:
    bench = Bench()
    bench.deliver()
    result = bench.finish(bench.started[0])
    bench.machine.publisher_down(bench.now)
    bench.machine.publisher_up(bench.now)
    assert bench.sent.count(result) == 2
    bench.confirm(result)
    assert len(bench.acked) == 1


def test_a_result_that_ends_without_a_publisher_is_sent_when_there_is_one() -> None:
    bench = Bench()
    bench.deliver()
    bench.machine.publisher_down(bench.now)
    result = bench.finish(bench.started[0])
    assert bench.answers() == []
    bench.machine.publisher_up(bench.now)
    assert bench.sent[-1] is result


def test_a_publisher_away_for_5_seconds_stops_the_consumers_until_it_is_back() -> None:
    bench = Bench()
    bench.machine.publisher_down(bench.now)
    bench.advance(4.9)
    assert bench.consuming
    bench.advance(0.2)
    assert not bench.consuming
    bench.machine.publisher_up(bench.now)
    assert bench.consuming


def test_a_blocked_publisher_does_too_and_no_heartbeats_pile_up() -> None:
    bench = Bench()
    bench.deliver(execute(limits={"heartbeat_interval_ms": 2000}))
    bench.machine.blocked(bench.now)
    bench.advance(30)
    assert not bench.consuming
    assert bench.heartbeats() == []
    bench.machine.unblocked(bench.now)
    assert bench.consuming
    assert len(bench.heartbeats()) == 1


def test_a_short_block_changes_nothing() -> None:
    bench = Bench()
    bench.machine.blocked(bench.now)
    bench.advance(3)
    bench.machine.unblocked(bench.now)
    bench.advance(10)
    assert bench.consumer_changes == ["start"]


def test_nothing_is_consumed_before_answers_can_be_published() -> None:
    bench = Bench(connected=False)
    bench.consumer_up()
    assert bench.consumer_changes == []
    bench.machine.publisher_up(bench.now)
    assert bench.consuming


def test_at_the_ack_deadline_the_step_says_so_acks_and_runs_on_in_its_slot() -> None:
    bench = Bench(slots=1)
    tag = bench.deliver(execute(limits={"ack_deadline_ms": 10_000}))
    bench.advance(10)
    detach = bench.sent[-1]
    assert detach.purpose is Purpose.DETACH
    assert detach.persistent
    assert bench.last["detached"] is True
    assert not bench.consuming  # every slot is busy and the ack would free credit
    assert bench.acked == []
    bench.confirm(detach)
    assert bench.acked == [tag]
    assert bench.machine.slots_used == 1
    bench.advance(20)
    assert bench.last["detached"] is True
    bench.confirm(bench.finish(bench.started[0]))
    assert bench.acked == [tag]
    assert bench.consuming


def test_the_consumer_stays_when_a_slot_is_free_at_the_ack_deadline() -> None:
    bench = Bench(slots=2)
    bench.deliver(execute(limits={"ack_deadline_ms": 10_000}))
    bench.advance(10)
    assert bench.consuming


def test_an_early_ack_that_is_not_confirmed_is_tried_again() -> None:
    bench = Bench(slots=2)
    tag = bench.deliver(execute(limits={"ack_deadline_ms": 3_000}))
    bench.advance(3)
    bench.machine.nacked(bench.sent[-1], bench.now)
    bench.advance(0.6)
    assert bench.sent[-1].purpose is Purpose.DETACH
    bench.confirm()
    assert bench.acked == [tag]


def test_a_confirmed_early_ack_of_a_lost_connection_acks_nothing() -> None:
    bench = Bench()
    message = execute(limits={"ack_deadline_ms": 3_000})
    bench.deliver(message)
    bench.advance(3)
    detach = bench.sent[-1]
    bench.consumer_down()
    bench.consumer_up()
    bench.confirm(detach)
    assert bench.acked == []
    assert bench.machine.jobs[message["dispatch_id"]].state is State.RUNNING


def test_answers_to_steps_never_run_are_bounded() -> None:
    bench = Bench(slots=2)
    for _ in range(50):
        if not bench.consuming:
            break
        bench.deliver(redelivered=True)
    assert not bench.consuming
    assert len(bench.machine.jobs) <= 8
    for publication in list(bench.sent):
        bench.confirm(publication)
    assert bench.consuming


def test_memory_of_a_busy_worker_stays_flat() -> None:
    bench = Bench(slots=4)
    for _ in range(2000):
        bench.deliver()
        bench.confirm(bench.finish(bench.started.pop()))
        bench.sent.clear()
    assert bench.machine.jobs == {}

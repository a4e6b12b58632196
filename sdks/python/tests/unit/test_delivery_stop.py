"""Wire protocol 6.9 to 6.11: cancel, time limits, leaving."""

from __future__ import annotations

from support.machine import Bench
from support.messages import execute
from tasker_core.worker.job import RunControl


def control_of(bench: Bench, index: int = 0) -> RunControl:
    control = bench.started[index].control
    assert control is not None
    return control


def test_a_cancel_that_comes_before_the_delivery_is_remembered() -> None:
    bench = Bench()
    message = execute()
    bench.machine.cancel(message["dispatch_id"], bench.now)
    bench.advance(3000)
    bench.deliver(message)
    assert bench.started == []
    assert (bench.last["status"], bench.last["error"]["error_type"]) == ("abandoned", "cancelled")


def test_ids_are_compared_without_regard_to_case() -> None:
    bench = Bench()
    running, late = execute(), execute()
    bench.deliver(running)
    bench.machine.cancel(running["dispatch_id"].upper(), bench.now)
    assert control_of(bench).reason == "cancelled"
    bench.machine.cancel(late["dispatch_id"].upper(), bench.now)
    bench.deliver(late)
    assert (bench.last["dispatch_id"], bench.last["error"]["error_type"]) == (late["dispatch_id"], "cancelled")
    # The same dispatch, written otherwise: it runs already.
    running["dispatch_id"] = running["dispatch_id"].upper()
    bench.deliver(running)
    assert len(bench.started) == 1


def test_a_cancel_is_forgotten_after_an_hour() -> None:
    bench = Bench()
    message = execute()
    bench.machine.cancel(message["dispatch_id"], bench.now)
    bench.advance(3601)
    bench.deliver(message)
    assert len(bench.started) == 1


def test_cancelling_a_running_step_sets_its_flag_and_its_result_is_still_sent() -> None:
    bench = Bench()
    message = execute()
    bench.deliver(message)
    bench.machine.cancel(message["dispatch_id"], bench.now)
    assert control_of(bench).cancelled
    assert control_of(bench).reason == "cancelled"
    bench.finish(bench.started[0])
    assert bench.last["status"] == "completed"


def test_cancelling_a_waiting_step_answers_it() -> None:
    bench = Bench(slots=1, queues=2)
    bench.deliver()
    waiting = execute()
    bench.deliver(waiting)
    bench.machine.cancel(waiting["dispatch_id"], bench.now)
    assert bench.last["error"]["error_type"] == "cancelled"


def test_the_time_limit_sets_the_flag() -> None:
    bench = Bench()
    bench.deliver(execute(step={"timeout_ms": 2500}))
    bench.advance(2.4)
    assert not control_of(bench).cancelled
    bench.advance(0.2)
    assert control_of(bench).reason == "timeout"


def test_a_stop_request_reaches_a_handler_that_binds_later() -> None:
    control = RunControl()
    control.request_stop("timeout")
    called: list[bool] = []
    control.bind_stop(lambda: called.append(True))
    assert called == [True]


def test_a_cancel_notice_does_not_stop_an_async_handler_by_force() -> None:
    control = RunControl()
    called: list[bool] = []
    control.bind_stop(lambda: called.append(True))
    control.request_stop("cancelled")
    assert control.cancelled
    assert called == []


def test_leaving_answers_what_was_not_started_and_waits_for_the_rest() -> None:
    bench = Bench(slots=1, queues=2)
    bench.deliver()
    bench.deliver()
    bench.machine.drain(bench.now, grace=30)
    assert not bench.consuming
    assert [answer["error"]["error_type"] for answer in bench.answers()] == ["worker_shutdown"]
    bench.confirm()
    bench.machine.consumers_cancelled()
    assert bench.drained_count == 0
    bench.confirm(bench.finish(bench.started[0]))
    assert bench.drained_count == 1
    assert len(bench.acked) == 2


def test_leaving_waits_for_the_consumers_to_be_gone() -> None:
    bench = Bench()
    bench.machine.drain(bench.now, grace=30)
    assert bench.drained_count == 0
    bench.deliver()  # on its way while the cancel travelled
    assert bench.last["error"]["error_type"] == "worker_shutdown"
    bench.confirm()
    bench.machine.consumers_cancelled()
    assert bench.drained_count == 1


def test_after_the_grace_period_running_steps_are_interrupted_and_nothing_follows() -> None:
    bench = Bench()
    bench.deliver()
    bench.machine.drain(bench.now, grace=30)
    bench.machine.consumers_cancelled()
    bench.advance(29)
    assert bench.answers() == []
    bench.advance(1.5)
    [answer] = bench.answers()
    assert (answer["status"], answer["error"]["error_type"]) == ("abandoned", "interrupted")
    assert answer["started_at"] is not None
    assert control_of(bench).reason == "interrupted"
    assert bench.machine.interrupted
    job = bench.started[0]
    bench.finish(job)
    assert len(bench.answers()) == 1
    bench.confirm()
    assert bench.drained_count == 1


def test_with_the_broker_away_it_gives_up_ten_seconds_after_the_grace_period() -> None:
    bench = Bench()
    bench.deliver()
    bench.consumer_down()
    bench.machine.publisher_down(bench.now)
    bench.machine.drain(bench.now, grace=5)
    result = bench.finish(bench.started[0])
    bench.advance(14.9)
    assert bench.unsent is None
    bench.advance(0.2)
    assert bench.unsent == [result]


def test_nothing_is_consumed_again_after_the_stop() -> None:
    bench = Bench()
    bench.deliver()
    bench.machine.drain(bench.now, grace=30)
    bench.consumer_down()
    bench.machine.publisher_down(bench.now)
    bench.machine.publisher_up(bench.now)
    bench.consumer_up()
    assert not bench.consuming


def test_an_idle_worker_without_a_broker_leaves_at_once() -> None:
    bench = Bench(connected=False)
    bench.machine.drain(bench.now, grace=30)
    assert bench.drained_count == 1


def test_running_steps_and_totals_are_shown_in_the_worker_heartbeat() -> None:
    bench = Bench()
    message = execute()
    bench.deliver(message)
    [entry] = bench.machine.running()
    assert (entry["dispatch_id"], entry["step_uuid"]) == (message["dispatch_id"], message["step"]["uuid"])
    bench.finish(bench.started[0], status="failed")
    assert bench.machine.running() == []
    assert (bench.machine.processed_total, bench.machine.failed_total) == (1, 1)

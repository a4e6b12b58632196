"""The same worker when connections, brokers and processes fail."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.broker import Desk, Node, wait_until_reachable
from support.messages import execute
from support.process import WorkerProcess
from support.waiting import eventually

pytestmark = pytest.mark.broker
Start = Callable[..., WorkerProcess]


def starts(folder: Path, message: dict[str, Any]) -> int:
    """How often the handler of a step was started, over all processes."""
    file = folder / message["step"]["uuid"]
    return file.read_text().count("start") if file.exists() else 0


def gated(folder: Path) -> dict[str, Any]:
    """A step that runs until the file ``gate`` exists."""
    return execute("gate", {"gate": str(folder / "gate"), "notes": str(folder)})


def begin(desk: Desk, folder: Path) -> dict[str, Any]:
    """Dispatch such a step and wait until it runs."""
    message = gated(folder)
    desk.send(message)
    eventually(lambda: starts(folder, message) == 1, "the start of the handler")
    return message


def test_a_connection_lost_between_delivery_and_ack(
    private_node: Node, private_desk: Desk, start_worker: Start, tmp_path: Path
) -> None:
    desk = private_desk
    worker = start_worker(**desk.environment)
    worker.wait_ready()
    message = begin(desk, tmp_path)
    private_node.close_worker_connections()
    worker.wait_for("connected to RabbitMQ again")
    # The broker has delivered it again, to the process that still runs it.
    eventually(lambda: desk.unacked() == 1, "the redelivery")
    (tmp_path / "gate").touch()
    assert desk.result()["status"] == "completed"
    eventually(lambda: desk.unacked() == 0, "the ack of the redelivery")
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 0
    assert starts(tmp_path, message) == 1
    leftovers = [found[1]["kind"] for found in iter(lambda: desk.get(desk.results_queue), None)]
    assert "step.result" not in leftovers
    assert desk.depth() == 0


def test_heartbeats_say_that_the_delivery_is_lost(
    private_node: Node, private_desk: Desk, start_worker: Start, tmp_path: Path
) -> None:
    desk = private_desk
    worker = start_worker(**desk.environment)
    worker.wait_ready()
    begin(desk, tmp_path)
    assert desk.next_of("step.heartbeat")["detached"] is False
    private_node.close_worker_connections()
    # The connections are closed one after the other: after the publisher's alone the delivery is still held.
    while not desk.next_of("step.heartbeat")["detached"]:
        pass
    (tmp_path / "gate").touch()
    assert desk.result()["status"] == "completed"


def test_a_worker_killed_in_the_middle_of_a_step(desk: Desk, start_worker: Start, tmp_path: Path) -> None:
    first = start_worker(**desk.environment)
    first.wait_ready()
    message = begin(desk, tmp_path)
    second = start_worker(**desk.environment)
    second.wait_ready()
    first.signal(signal.SIGKILL)
    sent = desk.result()
    assert (sent["dispatch_id"], sent["status"]) == (message["dispatch_id"], "abandoned")
    assert sent["error"]["error_type"] == "redelivered"
    assert sent["metadata"]["delivery_count"] == 1
    assert sent["started_at"] is None
    second.signal(signal.SIGTERM)
    assert second.wait() == 0
    assert starts(tmp_path, message) == 1
    assert desk.depth() == 0


def test_a_step_that_kills_its_worker_is_not_started_again(desk: Desk, start_worker: Start, tmp_path: Path) -> None:
    message = execute("crash", {"notes": str(tmp_path)})
    desk.send(message)
    assert start_worker(**desk.environment).wait() == 3
    start_worker(**desk.environment)
    assert desk.result()["error"]["error_type"] == "redelivered"
    assert starts(tmp_path, message) == 1


def test_a_broker_that_stops_and_starts(
    private_node: Node, make_desk: Callable[..., Desk], start_worker: Start, tmp_path: Path
) -> None:
    """One worker lives through it, another is told to stop meanwhile and prints the result that it cannot send."""
    desk, other_desk = make_desk(private_node), make_desk(private_node)
    worker = start_worker(**desk.environment)
    leaving = start_worker(TASKER_GRACE_SECONDS="0", **other_desk.environment)
    worker.wait_ready()
    leaving.wait_ready()
    running, unsent = begin(desk, tmp_path), begin(other_desk, tmp_path)
    private_node.stop()
    try:
        leaving.wait_for("cannot reach RabbitMQ")
        leaving.signal(signal.SIGTERM)
        worker.wait_for("cannot reach RabbitMQ")
        assert leaving.wait() == 1
        assert f'"dispatch_id":"{unsent["dispatch_id"]}"' in leaving.output
        assert '"error_type":"interrupted"' in leaving.output
        (tmp_path / "gate").touch()
        worker.wait_for("completed in")
    finally:
        private_node.start_again()
        wait_until_reachable(private_node.url)
    # The kept result, from the process that ran the step.
    assert desk.result(timeout=90)["status"] == "completed"
    worker.wait_for("connected to RabbitMQ again", timeout=90)
    eventually(lambda: desk.unacked() == 0 and desk.depth() == 0, "the ack of the redelivery")
    assert starts(tmp_path, running) == 1
    desk.send(execute("echo"))
    assert desk.result()["status"] == "completed"
    assert "Traceback" not in worker.output


def test_sigterm_lets_running_steps_finish(classic_desk: Desk, start_worker: Start, tmp_path: Path) -> None:
    desk = classic_desk
    worker = start_worker("--slots", "1", **desk.environment)
    worker.wait_ready()
    running = begin(desk, tmp_path)
    worker.signal(signal.SIGTERM)
    worker.wait_for("stopping (SIGTERM)")
    eventually(lambda: desk.consumers() == 0, "the end of the consumer")
    desk.send(execute("echo"))
    (tmp_path / "gate").touch()
    sent = desk.result()
    assert (sent["dispatch_id"], sent["status"]) == (running["dispatch_id"], "completed")
    assert worker.wait() == 0
    assert desk.depth() == 1
    assert desk.next_of("worker.bye", desk.names.workers)["reason"] == "SIGTERM"


def test_a_busy_worker_that_leaves_requeues_nothing(desk: Desk, start_worker: Start) -> None:
    """Deliveries that arrive after the cancel are answered; a requeue would make them look as if they had been run."""
    messages = [execute("busy", {"seconds": 0.02}) for _ in range(200)]
    for message in messages:
        desk.send(message)
    worker = start_worker("--slots", "20", **desk.environment)
    eventually(lambda: desk.depth(desk.results_queue) > 0, "the first result")
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 0
    answers = [found[1] for found in iter(lambda: desk.get(desk.results_queue), None)]
    assert len(answers) + desk.depth() == len(messages)
    start_worker("--slots", "20", **desk.environment)
    rest = [desk.result() for _ in range(len(messages) - len(answers))]
    assert {answer["status"] for answer in rest} == {"completed"}


def test_a_handler_that_outlasts_the_grace_period_is_interrupted(
    desk: Desk, start_worker: Start, tmp_path: Path
) -> None:
    worker = start_worker(TASKER_GRACE_SECONDS="0.3", **desk.environment)
    worker.wait_ready()
    begin(desk, tmp_path)
    worker.signal(signal.SIGTERM)
    sent = desk.result()
    assert (sent["status"], sent["error"]["error_type"]) == ("abandoned", "interrupted")
    assert sent["started_at"] is not None
    assert worker.wait() == 0
    assert desk.depth() == 0


def test_a_second_signal_ends_the_worker_at_once(desk: Desk, start_worker: Start, tmp_path: Path) -> None:
    worker = start_worker(**desk.environment)
    worker.wait_ready()
    begin(desk, tmp_path)
    worker.signal(signal.SIGTERM)
    worker.wait_for("stopping (SIGTERM)")
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 128 + signal.SIGTERM


def test_a_broker_in_alarm_stops_the_consumer_until_it_is_over(
    private_node: Node, private_classic_desk: Desk, start_worker: Start, tmp_path: Path
) -> None:
    desk = private_classic_desk
    worker = start_worker("--slots", "2", **desk.environment)
    worker.wait_ready()
    begin(desk, tmp_path)
    private_node.ctl("set_vm_memory_high_watermark", "0")
    try:
        (tmp_path / "gate").touch()
        worker.wait_for("RabbitMQ refuses messages for now")
        eventually(lambda: desk.consumers() == 0, "the end of the consumer")
    finally:
        private_node.ctl("set_vm_memory_high_watermark", "0.4")
    assert desk.result()["status"] == "completed"
    eventually(lambda: desk.consumers() == 1, "the consumer's return")


def test_a_deleted_queue_is_declared_again(desk: Desk, start_worker: Start) -> None:
    worker = start_worker(**desk.environment)
    worker.wait_ready()
    desk.call(lambda channel: channel.queue_delete(desk.step_queue))
    worker.wait_for("connected to RabbitMQ again")
    desk.send(execute("echo"))
    assert desk.result()["status"] == "completed"


def test_a_worker_without_a_broker_keeps_trying_and_says_so(start_worker: Start) -> None:
    worker = start_worker(TASKER_AMQP_URL="amqp://guest:guest@127.0.0.1:1/%2F")
    worker.wait_for("cannot reach RabbitMQ at 127.0.0.1:1 (connection refused); trying again in", count=2)
    assert "Traceback" not in worker.output
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 0


def test_wrong_credentials_end_the_worker_with_a_remedy(node: Node, start_worker: Start) -> None:
    worker = start_worker(TASKER_AMQP_URL=node.url.replace("guest:guest@", "guest:secret@"))
    assert worker.wait() == 2
    assert "refused user 'guest'" in worker.output
    assert "TASKER_AMQP_URL" in worker.output
    assert "secret" not in worker.output
    assert "Traceback" not in worker.output


def test_a_missing_virtual_host_ends_the_worker_with_a_remedy(node: Node, start_worker: Start) -> None:
    worker = start_worker(TASKER_AMQP_URL=node.url.replace("%2F", "nowhere"))
    assert worker.wait() == 2
    assert "virtual host 'nowhere'" in worker.output
    assert "Traceback" not in worker.output


def test_a_queue_with_other_arguments_ends_the_worker_with_a_remedy(classic_desk: Desk, start_worker: Start) -> None:
    worker = start_worker(**{**classic_desk.environment, "TASKER_QUEUE_TYPE": "quorum"})
    assert worker.wait() == 2
    assert classic_desk.names.dead in worker.output
    assert "inequivalent arg 'x-queue-type'" in worker.output
    assert "TASKER_QUEUE_TYPE" in worker.output
    assert "Traceback" not in worker.output

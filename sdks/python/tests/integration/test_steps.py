"""A worker process on a real broker, in fair weather."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from support.broker import TRACEPARENT, Desk, Node
from support.messages import body, execute
from support.process import WorkerProcess
from support.waiting import eventually
from tasker_core import HandlerRegistry, StepContext, StepHandler
from tasker_core.worker.amqp import AmqpWorker
from tasker_core.worker.settings import read_settings

pytestmark = pytest.mark.broker
Start = Callable[..., WorkerProcess]


def test_a_step_is_run_and_its_result_published(desk: Desk, start_worker: Start) -> None:
    context = {"order_id": 2**63 - 1, "name": "Zoë 🦊"}
    message = execute("echo", context, dependency_results={"a": {"status": "completed", "result": {}}})
    desk.send(message)
    worker = start_worker(**desk.environment)
    sent = desk.result()
    assert sent["status"] == "completed"
    assert sent["result"] == {"echo": context, "from": ["a"]}
    assert (sent["dispatch_id"], sent["step_uuid"]) == (message["dispatch_id"], message["step"]["uuid"])
    assert sent["worker"]["language"] == "python"
    properties = desk.last_properties
    assert properties.content_type == "application/json"
    assert properties.delivery_mode == 2
    assert properties.type == "tasker.step.result.v1"
    assert properties.message_id == message["dispatch_id"]
    assert properties.correlation_id == message["task"]["correlation_id"]
    assert properties.headers["traceparent"] == TRACEPARENT
    worker.wait_for("step validate_order attempt 1/3 completed in ")
    worker.wait_for(f"task={message['task']['uuid']}")
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 0
    assert desk.depth() == 0


def test_log_lines_say_which_step_they_belong_to(desk: Desk, start_worker: Start, tmp_path: Path) -> None:
    trace = TRACEPARENT.split("-")[1]
    (tmp_path / "gate").touch()
    worker = start_worker(**desk.environment)
    plain, later = execute("echo"), execute("async_gate", {"gate": str(tmp_path / "gate")}, step={"attempt": 2})
    for message in (plain, later):
        desk.send(message)
        desk.result()
    tasks = [message["task"]["uuid"] for message in (plain, later)]
    worker.wait_for(f"a handler may log step=its own n=1 task={tasks[0]} attempt=1 trace_id={trace}")
    worker.wait_for(f"a task may log task={tasks[1]} step=validate_order attempt=2 trace_id={trace}")
    for task in tasks:
        worker.wait_for(f" task={task} trace_id={trace}\n")


def test_hello_and_bye(desk: Desk, start_worker: Start) -> None:
    worker = start_worker("--slots", "3", "--worker-id", "till", **desk.environment)
    hello = desk.next_of("worker.hello", desk.names.workers)
    assert hello["worker"]["id"].startswith("till-")
    assert (hello["queues"], hello["namespaces"], hello["slots"]) == (["default"], ["default"], 3)
    assert hello["any_handler"] is False
    names = {entry["callable"]: entry["version"] for entry in hello["handlers"]}
    assert names["echo"] == names["Echo"] == names["support.handlers.Echo"] == "1.2.3"
    assert hello["pid"] == worker.process.pid
    worker.wait_ready()
    assert desk.consumers() == 1
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 0
    assert desk.next_of("worker.bye", desk.names.workers)["reason"] == "SIGTERM"


def test_a_worker_waits_for_the_orchestrators_queues(node: Node, start_worker: Start) -> None:
    desk = Desk(node)
    worker = start_worker(**desk.environment)
    eventually(lambda: desk.exists(desk.step_queue), "the worker's declarations")
    desk.declare()
    worker.wait_ready()
    desk.send(execute("echo"))
    assert desk.result()["status"] == "completed"
    desk.close()


def test_method_unknown_handler_failure_and_async(desk: Desk, start_worker: Start, tmp_path: Path) -> None:
    (tmp_path / "gate").touch()
    messages = [
        execute("echo", {"n": 21}, handler={"method": "twice"}),
        execute("nobody"),
        execute("refuse"),
        execute("async_gate", {"gate": str(tmp_path / "gate")}),
    ]
    for message in messages:
        desk.send(message)
    start_worker(**desk.environment)
    results = [desk.result() for _ in messages]
    sent = {result["dispatch_id"]: result for result in results}
    twice, unknown, refused, later = (sent[message["dispatch_id"]] for message in messages)
    assert twice["result"] == {"twice": 42}
    assert (unknown["status"], unknown["error"]["error_type"]) == ("abandoned", "handler_not_found")
    assert (refused["status"], refused["error"]["message"]) == ("failed", "order 7 has no items")
    assert (refused["error"]["retryable"], refused["error"]["error_code"]) == (False, "EMPTY_ORDER")
    assert later["result"] == {"passed": True}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [(b"not json", "invalid_message"), (b'{"kind":"step.execute","protocol":"7.0"}', "unsupported_protocol")],
)
def test_an_unreadable_message_goes_to_the_dead_letters_and_is_acked(
    desk: Desk, start_worker: Start, raw: bytes, reason: str
) -> None:
    identifier = execute()["dispatch_id"]
    worker = start_worker(**desk.environment)
    desk.send_raw(raw, message_id=identifier, reply_to=desk.results_queue, user_id="guest", expiration="60000")
    sent = desk.result()
    assert (sent["dispatch_id"], sent["task_uuid"], sent["status"]) == (identifier, None, "failed")
    assert (sent["error"]["error_type"], sent["error"]["retryable"]) == (reason, False)
    properties, copy = eventually(lambda: desk.get(desk.names.dead), "a dead letter")
    assert copy == raw or body(copy).replace(b" ", b"") == raw
    assert properties.headers["x-tasker-reason"] == reason
    assert properties.headers["x-tasker-origin"] == desk.step_queue
    assert properties.headers["x-tasker-detail"]
    assert properties.headers["traceparent"] == TRACEPARENT
    assert properties.expiration is None
    desk.send(execute("echo"))
    assert desk.result()["status"] == "completed"
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 0
    assert desk.depth() == 0


def test_a_missing_results_queue_holds_up_nobody(
    node: Node, make_desk: Callable[..., Desk], start_worker: Start
) -> None:
    desk = make_desk(node, results=False)
    worker = start_worker(**desk.environment)
    message = execute("echo")
    desk.send(message)
    worker.wait_for("does not exist; a result waits for it")
    other = f"{desk.prefix}.results.1"
    desk.call(lambda channel: channel.queue_declare(other, durable=True))
    elsewhere = execute("echo", reply_to=other)
    desk.send_raw(body(elsewhere))
    assert desk.next_of("step.result", other)["dispatch_id"] == elsewhere["dispatch_id"]
    desk.declare_results()
    assert desk.result()["dispatch_id"] == message["dispatch_id"]
    desk.call(lambda channel: channel.queue_delete(other))


def test_omitted_dependency_results_are_fetched_page_by_page(desk: Desk, start_worker: Start) -> None:
    start_worker(**desk.environment)
    message = execute("echo", dependency_results_omitted={"count": 3, "bytes": 9_000_000})
    desk.send(message)
    pages: list[tuple[str | None, list[str], str | None]] = [(None, ["a", "b"], "b"), ("b", ["c"], None)]
    for after, names, following in pages:
        assert desk.next_of("step.fetch")["after"] == after
        page = {
            "protocol": "1.0",
            "kind": "step.dependencies",
            "dispatch_id": message["dispatch_id"],
            "dependency_results": {name: {"status": "completed", "result": {}} for name in names},
            "next": following,
        }
        desk.reply(desk.last_properties.reply_to, page)
    assert desk.result()["result"]["from"] == ["a", "b", "c"]


def test_heartbeats_of_a_step_and_a_result_after_it(desk: Desk, start_worker: Start, tmp_path: Path) -> None:
    start_worker(**desk.environment)
    gate = tmp_path / "gate"
    desk.send(execute("gate", {"gate": str(gate)}, limits={"heartbeat_interval_ms": 100}))
    beats = [desk.next_of("step.heartbeat") for _ in range(3)]
    assert [beat["sequence"] for beat in beats] == [1, 2, 3]
    assert not any(beat["detached"] for beat in beats)
    gate.touch()
    assert desk.result()["status"] == "completed"


def test_handlers_that_compute_do_not_starve_the_connection(desk: Desk, start_worker: Start) -> None:
    url = f"{desk.node.url}?heartbeat=2"
    worker = start_worker("--slots", "4", **{**desk.environment, "TASKER_AMQP_URL": url})
    worker.wait_ready()
    # Longer than the broker waits for a silent connection.
    for _ in range(4):
        desk.send(execute("busy", {"seconds": 6}, limits={"heartbeat_interval_ms": 200}))
    assert [desk.result(timeout=60)["status"] for _ in range(4)] == ["completed"] * 4
    assert "lost" not in worker.output


def test_an_early_ack_frees_the_delivery_but_not_the_slot(
    private_desk: Desk, start_worker: Start, tmp_path: Path
) -> None:
    desk = private_desk
    start_worker("--slots", "1", **desk.environment)
    gate = tmp_path / "gate"
    message = execute("gate", {"gate": str(gate)}, limits={"ack_deadline_ms": 1500})
    desk.send(message)
    while not desk.next_of("step.heartbeat")["detached"]:
        pass
    assert desk.last_properties.delivery_mode == 2
    eventually(lambda: desk.unacked() == 0, "the early ack")
    assert desk.consumers() == 0
    desk.send(execute("echo"))
    gate.touch()
    assert desk.result()["dispatch_id"] == message["dispatch_id"]
    assert desk.result()["status"] == "completed"


def test_cancel_before_and_during_a_step(desk: Desk, start_worker: Start, tmp_path: Path) -> None:
    early = execute("echo")
    worker = start_worker(**desk.environment)
    worker.wait_ready()
    desk.cancel(early)
    running = execute("gate", {"gate": str(tmp_path / "never"), "polite": True})
    desk.send(running)
    desk.next_of("step.heartbeat")  # by now the notice has arrived too
    desk.send(early)
    first = desk.result()
    assert (first["dispatch_id"], first["status"]) == (early["dispatch_id"], "abandoned")
    assert first["error"]["error_type"] == "cancelled"
    desk.cancel(running)
    second = desk.result()
    assert (second["status"], second["error"]["error_type"]) == ("failed", "cancelled")
    assert second["error"]["retryable"] is False


def test_a_step_past_its_time(desk: Desk, start_worker: Start, tmp_path: Path) -> None:
    start_worker(**desk.environment)
    desk.send(execute("async_gate", {"gate": str(tmp_path / "never")}, step={"timeout_ms": 200}))
    sent = desk.result()
    assert (sent["error"]["error_type"], sent["error"]["retryable"]) == ("timeout", True)


def test_classic_queues(classic_desk: Desk, start_worker: Start) -> None:
    start_worker(**classic_desk.environment)
    classic_desk.send(execute("echo"))
    assert classic_desk.result()["status"] == "completed"


def test_many_steps_over_several_queues(desk: Desk, start_worker: Start) -> None:
    worker = start_worker("--queue", "default", "--queue", "second", "--slots", "4", **desk.environment)
    worker.wait_ready()
    waiting = {}
    for number in range(200):
        message = execute("echo", {"n": number})
        waiting[message["dispatch_id"]] = message
        desk.send(message, queue="second" if number % 2 else "default")
    while waiting:
        sent = desk.result()
        message = waiting.pop(sent["dispatch_id"])
        if sent["status"] != "completed":
            # With several queues a full worker hands steps back; an orchestrator dispatches them anew.
            assert sent["error"]["error_type"] == "worker_busy"
            again = {**message, "dispatch_id": execute()["dispatch_id"]}
            waiting[again["dispatch_id"]] = again
            desk.send(again)
    desk.call(lambda channel: channel.queue_delete(desk.names.steps("second")))


def test_a_handler_registered_after_the_start_is_announced_and_called(desk: Desk) -> None:
    class Late(StepHandler):
        handler_name = "late"

        def call(self, context: StepContext) -> dict[str, str]:
            return {"thread": threading.current_thread().name}

    registry = HandlerRegistry()
    worker = AmqpWorker(read_settings(desk.environment), registry)
    worker.start()
    assert worker.ready.wait(30)
    assert desk.next_of("worker.hello", desk.names.workers)["handlers"] == []
    registry.register("late", Late)
    hello = desk.next_of("worker.hello", desk.names.workers)
    assert "late" in [entry["callable"] for entry in hello["handlers"]]
    desk.send(execute("late"))
    assert desk.result()["result"]["thread"].startswith("tasker-slot")
    worker.drain("test")
    assert worker.wait(30) == 0

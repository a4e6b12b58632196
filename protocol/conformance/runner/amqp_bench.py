"""The bench on RabbitMQ."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pika

from runner.bench import Bench
from runner.desk import NAME, Desk, decoded
from runner.dispatches import Dispatch
from runner.errors import ScenarioFailed
from runner.judge import TRACEPARENT, TRACESTATE, Received
from runner.node import Node
from runner.patterns import difference
from runner.process import WorkerProcess
from runner.topology import Topology

_PROPERTIES = ("content_type", "delivery_mode", "message_id", "correlation_id", "type", "reply_to", "app_id", "headers")


class AmqpBench(Bench):
    """One scenario with queues of its own, under a prefix of its own."""

    amqp = True

    def __init__(self, node: Node, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._node = node
        self._topology = Topology(f"c{uuid.uuid4().hex[:12]}", self.scenario.queue_type)
        self._desk = Desk(node.url, self._topology)
        self._desk.declare_all()
        self._dead: list[tuple[dict[str, Any], bytes]] = []
        self._broker_is_up = True

    def settings(self) -> dict[str, str]:
        return {
            "TASKER_AMQP_URL": self._node.url,
            "TASKER_QUEUE_PREFIX": self._topology.prefix,
            "TASKER_QUEUE_TYPE": self._topology.queue_type,
        }

    def listen(self) -> None:
        if not self._broker_is_up:
            time.sleep(0.05)
            return
        for queue, properties, body in self._desk.listen():
            if queue == "dead":
                self._dead.append((dict(properties.headers or {}), body))
                continue
            message = decoded(body)
            if message is None:
                if properties.app_id == NAME:
                    continue
                raise ScenarioFailed(f"the worker published a body that is no object: {body[:200]!r}")
            found = {key: getattr(properties, key) for key in _PROPERTIES}
            self.take_in(Received(message, len(body), found, self._topology.queue(queue)))

    def wait_ready(self, worker: WorkerProcess) -> None:
        # Other workers may say hello more than once.
        others = {one.worker_id for one in self.matching("worker.hello", None)}

        def ready() -> bool:
            for one in self.matching("worker.hello", None):
                if not one.claimed and one.worker_id not in others:
                    one.claimed = True
                    return True
            if worker.code is not None:
                raise ScenarioFailed(
                    f"the worker ended with status {worker.code} before it was ready: {worker.stderr[-500:]}"
                )
            return False

        self.until(ready, lambda: f"the worker's hello; it wrote: {worker.stderr[-500:]}", 60)

    def finish(self) -> None:
        if self._broker_is_up:
            self.until(lambda: (self._desk.state("results") or (0, 0))[0] == 0, "the last results")
            self.listen()
            for headers, body in self._dead:
                if "x-first-death-reason" in headers:
                    raise ScenarioFailed(f"the broker dead-lettered a message that the worker rejected: {body[:200]!r}")
        super().finish()

    def close(self) -> None:
        super().close()
        if not self._broker_is_up:
            self.do_start_broker({})
        self._desk.close()

    # Operations

    def deliver(self, dispatch: Dispatch, operation: dict[str, Any]) -> None:
        if "message" not in operation:
            dispatch.write(self._topology.queue(operation.get("reply_to", "results")), operation.get("append"))
        task = dispatch.message["task"]
        properties = pika.BasicProperties(
            content_type="application/json",
            delivery_mode=2,
            message_id=dispatch.id,
            correlation_id=task["correlation_id"] if isinstance(task, dict) else None,
            type="tasker.step.execute.v1",
            reply_to=dispatch.message["reply_to"],
            app_id=NAME,
            timestamp=int(time.time()),
            headers={"traceparent": TRACEPARENT, "tracestate": TRACESTATE, **operation.get("headers", {})},
        )
        self._desk.publish("", self._topology.queue("steps"), dispatch.body, properties)

    def do_send_raw(self, operation: dict[str, Any]) -> None:
        properties = pika.BasicProperties(delivery_mode=2, content_type="application/json", app_id=NAME)
        wanted = operation.get("properties", [])
        if "as" in operation:
            dispatch = self.contract.dispatch(operation["as"], None, {}, self.resolve)
            dispatch.has_ids = False
            self.dispatches[dispatch.name] = dispatch
            properties.message_id = dispatch.id if "message_id" in wanted else None
        properties.reply_to = self._topology.queue("results") if "reply_to" in wanted else None
        self._desk.publish("", self._topology.queue("steps"), operation["text"].encode(), properties)

    def do_send_control(self, operation: dict[str, Any]) -> None:
        properties = pika.BasicProperties(content_type="application/json", app_id=NAME)
        self._desk.publish(self._topology.exchange("control"), "", operation["text"].encode(), properties)

    def do_cancel(self, operation: dict[str, Any]) -> None:
        dispatch = self.dispatches[operation["of"]]
        notice = {
            "protocol": "1.0",
            "kind": "step.cancel",
            "dispatch_id": dispatch.id,
            "task_uuid": dispatch.message["task"]["uuid"],
            "step_uuid": dispatch.message["step"]["uuid"],
            "reason": "a scenario",
        }
        if operation.get("in_capitals"):
            notice.update((key, notice[key].upper()) for key in ("dispatch_id", "task_uuid", "step_uuid"))
        self.do_send_control({"text": json.dumps(notice)})

    def do_requeue(self, operation: dict[str, Any]) -> None:
        self._desk.requeue("steps")

    def do_answer_fetch(self, operation: dict[str, Any]) -> None:
        name = operation["of"]
        self.do_expect({"kind": "step.fetch", "of": name, "matches": {"after": operation["after"]}})
        asked = [one for one in self.matching("step.fetch", name) if one.claimed][-1]
        answer = {
            "protocol": "1.0",
            "kind": "step.dependencies",
            "dispatch_id": self.dispatches[name].id,
            "dependency_results": operation.get("page", {}),
            "next": operation.get("next"),
        }
        if operation.get("gone"):
            answer["gone"] = True
        properties = pika.BasicProperties(content_type="application/json", type="tasker.step.dependencies.v1")
        for _ in range(operation.get("times", 1)):
            self._desk.publish("", asked.properties["reply_to"] or "", json.dumps(answer).encode(), properties)

    def do_expect_dead(self, operation: dict[str, Any]) -> None:
        faults: list[str] = []

        def found() -> bool:
            for headers, body in self._dead:
                fault = difference(operation["headers"], headers, self.variables, "headers")
                if fault is None and "text" in operation and body != operation["text"].encode():
                    fault = f"the body is {body[:200]!r}"
                if fault is None:
                    self._dead.remove((headers, body))
                    return True
                faults.append(fault)
            return False

        def missed() -> str:
            return f"a message in {self._topology.queue('dead')} ({'; '.join(faults[-1:]) or 'none came'})"

        self.until(found, missed, operation.get("within"))

    def do_expect_queue(self, operation: dict[str, Any]) -> None:
        name = operation["queue"]
        wanted = {key: operation[key] for key in ("ready", "unacked", "consumers") if key in operation}
        seen: dict[str, int] = {}

        def there() -> bool:
            state = self._desk.state(name)
            seen.clear()
            if state is None:
                return False
            seen.update(ready=state[0], consumers=state[1])
            if any(seen.get(key, value) != value for key, value in wanted.items()):
                return False
            if "unacked" in wanted:
                seen["unacked"] = self._unacked(name)
            return all(seen[key] == value for key, value in wanted.items())

        self.until(there, lambda: f"the queue {name} with {wanted}, it has {seen}", operation.get("within"))

    def _unacked(self, name: str) -> int:
        full = self._topology.queue(name)
        for line in self._node.ctl("list_queues", "name", "messages_unacknowledged", "--quiet").splitlines():
            queue, _, count = line.partition("\t")
            if queue == full:
                return int(count)
        return -1

    def do_expect_absent(self, operation: dict[str, Any]) -> None:
        if self._desk.state(operation["queue"]) is not None:
            raise ScenarioFailed(f"the worker declared {self._topology.queue(operation['queue'])}")

    def do_declare(self, operation: dict[str, Any]) -> None:
        name = operation["queue"]
        self._desk.declare(name, operation.get("arguments"))
        for _ in range(operation.get("fill", 0)):
            self._desk.publish("", self._topology.queue(name), b"filler", pika.BasicProperties(app_id=NAME))
        if operation.get("read", name != "steps"):
            self._desk.read(name)

    def do_read(self, operation: dict[str, Any]) -> None:
        self._desk.read(operation["queue"])

    def do_delete(self, operation: dict[str, Any]) -> None:
        self._desk.delete(operation["queue"])

    def do_delete_exchange(self, operation: dict[str, Any]) -> None:
        self._desk.delete_exchange(operation["exchange"])

    def do_close_connections(self, operation: dict[str, Any]) -> None:
        closed = 0
        for line in self._node.ctl("list_connections", "pid", "client_properties", "--quiet").splitlines():
            pid, _, properties = line.partition("\t")
            if pid.startswith("<") and NAME not in properties:
                self._node.ctl("close_connection", pid, "closed by a conformance scenario")
                closed += 1
        if not closed:
            raise ScenarioFailed("the worker has no connection that could be closed")

    def do_stop_broker(self, operation: dict[str, Any]) -> None:
        self._broker_is_up = False
        self._node.stop()

    def do_start_broker(self, operation: dict[str, Any]) -> None:
        self._node.start()
        self._broker_is_up = True

    def do_block_broker(self, operation: dict[str, Any]) -> None:
        self._node.block()

    def do_unblock_broker(self, operation: dict[str, Any]) -> None:
        self._node.unblock()

    def do_stop_worker(self, operation: dict[str, Any]) -> None:
        self.do_signal({**operation, "signal": "TERM"})
        self.do_expect_exit({**operation, "code": 0, "within": 60})

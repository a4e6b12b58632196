"""A private RabbitMQ node, and an orchestrator's side of the queues."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, ChannelClosedByBroker

from support.messages import body
from support.waiting import eventually
from tasker_core.wire.names import Topology

SCRIPT = Path(__file__).resolve().parents[4] / "scripts" / "rabbitmq"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Node:
    """A node that tests may stop and start, or a foreign broker that they may not (``TASKER_TEST_AMQP_URL``)."""

    def __init__(self, folder: Path | None, url: str) -> None:
        self._folder = folder
        self.url = url

    @classmethod
    def start(cls, *options: str) -> Node:
        folder = Path(tempfile.mkdtemp(prefix="tasker-sdk-rabbitmq-"))
        started = subprocess.run(
            [SCRIPT, "start", "--dir", folder, "--owner", str(os.getpid()), *options],
            capture_output=True,
            text=True,
            check=False,
        )
        assert started.returncode == 0, f"the private RabbitMQ node did not start: {started.stderr}"
        node = cls(folder, "")
        node.url = node._run("url").strip()
        # Quorum queues count their unacknowledged deliveries for others every 5 s otherwise.
        node.ctl("eval", "application:set_env(rabbit, quorum_tick_interval, 200).")
        return node

    @property
    def private(self) -> bool:
        return self._folder is not None

    def _run(self, command: str, *arguments: str) -> str:
        assert self._folder is not None
        line = [str(SCRIPT), command, "--dir", str(self._folder), *arguments]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}: {done.stderr}"
        return done.stdout

    def ctl(self, *arguments: str) -> str:
        """Output of ``rabbitmqctl``."""
        return self._run("ctl", *arguments)

    @property
    def tls_port(self) -> int:
        """Of a node that was started with ``--tls``."""
        return int((self.certificates / "port").read_text())

    @property
    def certificates(self) -> Path:
        """The folder of ca.pem and its like."""
        assert self._folder is not None
        return self._folder / "tls"

    def stop(self) -> None:
        self._run("stop")

    def start_again(self) -> None:
        self._run("start", "--owner", str(os.getpid()))

    def close_worker_connections(self) -> None:
        """Close what workers hold, as a failing network would, and leave the test's own connection."""
        closed = 0
        for line in self.ctl("list_connections", "pid", "client_properties", "--quiet").splitlines():
            pid, _, properties = line.partition("\t")
            if "tasker-sdk" in properties:
                self.ctl("close_connection", pid, "closed by a test")
                closed += 1
        assert closed, "no worker is connected"

    def remove(self) -> None:
        if self._folder is not None:
            self.stop()
            shutil.rmtree(self._folder, ignore_errors=True)


class Desk:
    """What an orchestrator would do: declare, dispatch, read results. One prefix per test."""

    def __init__(self, node: Node, queue_type: str = "quorum") -> None:
        self.node = node
        self.prefix = f"t{uuid.uuid4().hex[:12]}"
        self.queue_type = queue_type
        self.names = Topology(self.prefix, queue_type)
        self.step_queue = self.names.steps("default")
        self.results_queue = f"{self.prefix}.results.0"
        self.last_properties: Any = None
        self._connection: pika.BlockingConnection | None = None
        self._channel: BlockingChannel | None = None

    @property
    def environment(self) -> dict[str, str]:
        return {
            "TASKER_AMQP_URL": self.node.url,
            "TASKER_QUEUE_PREFIX": self.prefix,
            "TASKER_QUEUE_TYPE": self.queue_type,
        }

    def call(self, action: Callable[[BlockingChannel], Any]) -> Any:
        """Run on the test's own channel, which is made again when the broker was restarted."""
        try:
            return action(self._open())
        except ChannelClosedByBroker:
            raise
        except (AMQPError, OSError):
            self._channel = None
            return action(self._open())

    def _open(self) -> BlockingChannel:
        if self._channel is None or not self._channel.is_open:
            self._connection = pika.BlockingConnection(pika.URLParameters(self.node.url))
            self._channel = self._connection.channel()
            self._channel.confirm_delivery()
        return self._channel

    def declare(self, results: bool = True) -> None:
        """The queues that belong to the orchestrator."""
        names = self.names

        def run(channel: BlockingChannel) -> None:
            channel.exchange_declare(names.dead, "fanout", durable=True)
            channel.queue_declare(names.dead, durable=True, arguments=names.dead_arguments)
            channel.queue_bind(names.dead, names.dead)
            channel.exchange_declare(names.control, "fanout", durable=True)
            channel.queue_declare(self.step_queue, durable=True, arguments=names.step_arguments)
            arguments = {"x-queue-type": "classic", "x-message-ttl": 60000, "x-max-length": 10000}
            channel.queue_declare(names.workers, durable=True, arguments=arguments)

        self.call(run)
        if results:
            self.declare_results()

    def declare_results(self) -> None:
        # Without the single active consumer of a real one: such a queue refuses basic.get.
        arguments = dict(self.names.step_arguments)
        if self.queue_type == "quorum":
            arguments["x-delivery-limit"] = 1_000_000
        self.call(lambda channel: channel.queue_declare(self.results_queue, durable=True, arguments=arguments))

    def send(self, message: dict[str, Any], queue: str = "default") -> None:
        """Dispatch a step; its ``reply_to`` becomes this desk's results queue."""
        self.send_raw(body({**message, "reply_to": self.results_queue}), queue)

    def send_raw(self, raw: bytes, queue: str = "default", **properties: Any) -> None:
        made = pika.BasicProperties(
            delivery_mode=2, content_type="application/json", headers={"traceparent": TRACEPARENT}, **properties
        )
        self.call(lambda channel: channel.basic_publish("", self.names.steps(queue), raw, made, mandatory=True))

    def cancel(self, message: dict[str, Any]) -> None:
        notice = {
            "protocol": "1.0",
            "kind": "step.cancel",
            "dispatch_id": message["dispatch_id"],
            "task_uuid": message["task"]["uuid"],
            "step_uuid": message["step"]["uuid"],
            "reason": "a test",
        }
        self.call(lambda channel: channel.basic_publish(self.names.control, "", body(notice)))

    def reply(self, queue: str, message: dict[str, Any]) -> None:
        """Send to a worker's own queue."""
        self.call(lambda channel: channel.basic_publish("", queue, body(message), mandatory=True))

    def get(self, queue: str) -> tuple[Any, Any] | None:
        """The next message of a queue with its properties (bytes when it is not JSON), or None."""
        method, properties, raw = self.call(lambda channel: channel.basic_get(queue, auto_ack=True))
        if method is None:
            return None
        try:
            return properties, json.loads(raw)
        except ValueError:
            return properties, raw

    def next_of(self, kind: str, queue: str | None = None, timeout: float = 30) -> dict[str, Any]:
        """The next message of a kind; others that come before it are dropped."""

        def look() -> dict[str, Any] | None:
            found = self.get(queue or self.results_queue)
            if found is None:
                return None
            self.last_properties, message = found
            return message if isinstance(message, dict) and message.get("kind") == kind else None

        return eventually(look, f"a {kind} in {queue or self.results_queue}", timeout)

    def result(self, timeout: float = 30) -> dict[str, Any]:
        return self.next_of("step.result", timeout=timeout)

    def _declared(self, queue: str) -> Any:
        return self.call(lambda channel: channel.queue_declare(queue, passive=True)).method

    def depth(self, queue: str | None = None) -> int:
        """Messages that wait in the step queue, or in another."""
        count: int = self._declared(queue or self.step_queue).message_count
        return count

    def consumers(self) -> int:
        """Consumers of the step queue."""
        count: int = self._declared(self.step_queue).consumer_count
        return count

    def exists(self, queue: str) -> bool:
        try:
            self._declared(queue)
        except ChannelClosedByBroker:
            return False
        return True

    def unacked(self) -> int:
        """Deliveries of the step queue that are not acknowledged; on a private node only."""
        for line in self.node.ctl("list_queues", "name", "messages_unacknowledged", "--quiet").splitlines():
            name, _, count = line.partition("\t")
            if name == self.step_queue:
                return int(count)
        raise AssertionError("the step queue does not exist")

    def close(self) -> None:
        """Delete what belongs to this prefix."""

        def run(channel: BlockingChannel) -> None:
            for queue in (self.step_queue, self.results_queue, self.names.workers, self.names.dead):
                channel.queue_delete(queue)
            channel.exchange_delete(self.names.dead)
            channel.exchange_delete(self.names.control)

        self.call(run)
        if self._connection is not None and self._connection.is_open:
            self._connection.close()


def wait_until_reachable(url: str, timeout: float = 60) -> None:
    """Until a broker accepts connections."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            pika.BlockingConnection(pika.URLParameters(url)).close()
        except (AMQPError, OSError):
            assert time.monotonic() < deadline, f"no broker at {url} within {timeout} s"
            time.sleep(0.1)
        else:
            return

"""The orchestrator's side of the queues: declares, publishes, reads. One connection, made again after a restart."""

from __future__ import annotations

import json
import time
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, ChannelClosedByBroker, StreamLostError

from runner.errors import RunnerError
from runner.topology import Topology

NAME = "tasker-conformance"


class Desk:
    """Everything is declared with the arguments that everyone uses."""

    def __init__(self, url: str, topology: Topology) -> None:
        self.topology = topology
        self._url = url
        self._connection: pika.BlockingConnection | None = None
        self._channel: BlockingChannel | None = None
        self._read: dict[str, str] = {}
        self._deliveries: list[tuple[str, Any, bytes]] = []
        self.queues: set[str] = set()

    def _parameters(self) -> pika.URLParameters:
        parameters = pika.URLParameters(self._url)
        # Between two operations nobody serves the connection.
        parameters.heartbeat = 0
        parameters.client_properties = {"product": NAME, "connection_name": NAME}
        return parameters

    @property
    def channel(self) -> BlockingChannel:
        """An open channel; what is read is consumed again on a new one."""
        if self._channel is None or not self._channel.is_open:
            if self._connection is None or not self._connection.is_open:
                self._connection = _connect(self._parameters())
            self._channel = self._connection.channel()
            self._channel.confirm_delivery()
            for name in list(self._read):
                self.read(name)
        return self._channel

    def declare_all(self) -> None:
        """What belongs to the orchestrator."""
        self.channel.exchange_declare(self.topology.exchange("control"), "fanout", durable=True)
        for name in ("dead", "workers", "steps", "results"):
            self.declare(name)
        for name in ("results", "workers", "dead"):
            self.read(name)

    def declare(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        full = self.topology.queue(name)
        self.queues.add(name)
        self.channel.queue_declare(full, durable=True, arguments=arguments or self.topology.arguments(name))
        if name == "dead":
            self.channel.exchange_declare(self.topology.exchange(name), "fanout", durable=True)
            self.channel.queue_bind(full, self.topology.exchange(name))

    def delete(self, name: str) -> None:
        self._read.pop(name, None)
        self.channel.queue_delete(self.topology.queue(name))

    def delete_exchange(self, name: str) -> None:
        self.channel.exchange_delete(self.topology.exchange(name))

    def read(self, name: str) -> None:
        """Take in everything that comes to this queue."""

        def deliver(_channel: Any, _method: Any, properties: Any, body: bytes) -> None:
            self._deliveries.append((name, properties, body))

        self._read[name] = self.channel.basic_consume(self.topology.queue(name), deliver, auto_ack=True)

    def listen(self) -> list[tuple[str, Any, bytes]]:
        """What has arrived since the last call: queue, properties, body."""
        try:
            channel = self.channel
            channel.connection.process_data_events(time_limit=0.02)
        except (AMQPError, OSError):
            time.sleep(0.05)
        found, self._deliveries = self._deliveries, []
        return found

    def publish(self, exchange: str, key: str, body: bytes, properties: pika.BasicProperties) -> None:
        try:
            self.channel.basic_publish(exchange, key, body, properties, mandatory=exchange == "")
        except StreamLostError:
            self.channel.basic_publish(exchange, key, body, properties, mandatory=exchange == "")

    def requeue(self, name: str) -> None:
        """Take the next message and give it back: its next delivery says that it was delivered before."""
        channel = self.channel
        method, _, _ = channel.basic_get(self.topology.queue(name))
        deadline = time.monotonic() + 30
        while method is None and time.monotonic() < deadline:
            channel.connection.process_data_events(time_limit=0.02)
            method, _, _ = channel.basic_get(self.topology.queue(name))
        if method is None:
            raise RunnerError(f"there is no message in {self.topology.queue(name)} to hand back")
        channel.basic_nack(method.delivery_tag, requeue=True)

    def state(self, name: str) -> tuple[int, int] | None:
        """Ready messages and consumers of a queue, None when it does not exist."""
        try:
            found = self.channel.queue_declare(self.topology.queue(name), passive=True).method
        except ChannelClosedByBroker:
            return None
        return found.message_count, found.consumer_count

    def close(self) -> None:
        """Delete what belongs to this prefix."""
        self._read.clear()
        for attempt in (1, 2):
            try:
                self._delete_all()
                return
            except (AMQPError, OSError):
                # The broker may have closed a connection that stood still while it was blocked.
                if attempt == 2:
                    raise RunnerError("the broker no longer answers") from None
                self._channel = self._connection = None

    def _delete_all(self) -> None:
        channel = self.channel
        for name in self.queues:
            channel.queue_delete(self.topology.queue(name))
        for exchange in ("dead", "control"):
            channel.exchange_delete(self.topology.exchange(exchange))
        channel.connection.close()


def _connect(parameters: pika.URLParameters) -> pika.BlockingConnection:
    deadline = time.monotonic() + 60
    while True:
        try:
            return pika.BlockingConnection(parameters)
        except (AMQPError, OSError) as error:
            if time.monotonic() > deadline:
                raise RunnerError(f"no broker at {parameters.host}:{parameters.port}: {error!r}") from None
            time.sleep(0.1)


def decoded(body: bytes) -> dict[str, Any] | None:
    """The object in a body, None when there is none."""
    try:
        message = json.loads(body)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None

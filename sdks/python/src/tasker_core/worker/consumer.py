"""The connection that consumes: step queues, and the worker's own queue for cancel notices and fetched pages."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Protocol

from pika import exceptions, spec
from pika.channel import Channel

from tasker_core.wire.names import Topology
from tasker_core.worker.connection import ReconnectingConnection, Setup, Step
from tasker_core.worker.job import Delivery

# Longer than a message needs from the queue's process to ours on a loaded machine.
QUIET_SECONDS = 0.1


class ConsumerEvents(Protocol):
    """Where deliveries go."""

    def consumer_up(self, epoch: int) -> None: ...
    def consumer_down(self) -> None: ...
    def consuming(self) -> None: ...
    def consumers_cancelled(self) -> None: ...
    def delivered(self, delivery: Delivery) -> None: ...
    def control(self, body: bytes) -> None: ...


class ConsumerConnection(ReconnectingConnection):
    """Declares the topology and consumes with one prefetch of ``slots`` per step queue."""

    role = "consumer"

    def __init__(
        self, events: ConsumerEvents, topology: Topology, queues: tuple[str, ...], slots: int, **arguments: Any
    ) -> None:
        super().__init__(**arguments)
        self._events = events
        self._topology = topology
        self._queues = queues
        self._slots = slots
        self._consumer_tags: dict[str, str] = {}
        self._tag_numbers = itertools.count(1)
        self._unanswered_cancels = 0
        self._unacked: dict[str, set[int]] = {}
        self._stopping: Any = None
        self._heard = False
        self._held_acks: list[Delivery] = []
        self.control_queue: str | None = None

    def setup(self, channel: Channel) -> Setup:
        names = self._topology
        channel.add_on_cancel_callback(lambda frame: self.abandon())
        self._consumer_tags = {}
        self._unanswered_cancels = 0
        yield _request(
            f"declare exchange {names.dead}",
            lambda done: channel.exchange_declare(names.dead, "fanout", durable=True, callback=done),
        )
        yield _request(
            f"declare queue {names.dead}",
            lambda done: channel.queue_declare(names.dead, durable=True, arguments=names.dead_arguments, callback=done),
        )
        yield _request(
            f"bind queue {names.dead}", lambda done: channel.queue_bind(names.dead, names.dead, "", callback=done)
        )
        for queue in self._queues:
            yield _request(f"declare queue {names.steps(queue)}", self._declaration(channel, names.steps(queue)))
        yield _request(
            f"declare exchange {names.control}",
            lambda done: channel.exchange_declare(names.control, "fanout", durable=True, callback=done),
        )
        declared = yield _request(
            "declare the worker's own queue",
            lambda done: channel.queue_declare("", exclusive=True, auto_delete=True, callback=done),
        )
        own: str = declared.method.queue
        self.control_queue = own
        yield _request(
            "bind the worker's own queue", lambda done: channel.queue_bind(own, names.control, "", callback=done)
        )
        yield _request(
            "consume the worker's own queue",
            lambda done: channel.basic_consume(
                own, lambda _c, _m, _p, body: self._events.control(body), auto_ack=True, exclusive=True, callback=done
            ),
        )
        yield _request("set the prefetch", lambda done: channel.basic_qos(prefetch_count=self._slots, callback=done))

    def _declaration(self, channel: Channel, queue: str) -> Step:
        arguments = self._topology.step_arguments
        return lambda done: channel.queue_declare(queue, durable=True, arguments=arguments, callback=done)

    def went_up(self) -> None:
        self._events.consumer_up(self.epoch)

    def went_down(self) -> None:
        self._consumer_tags = {}
        self._unacked = {}
        self._held_acks = []
        if self._stopping is not None:
            self._loop.remove_timeout(self._stopping)
            self._stopping = None
        self.control_queue = None
        self._events.consumer_down()

    def start_consuming(self) -> None:
        """One consumer per step queue; ``consuming`` follows when the broker has accepted all."""
        channel = self.channel
        if channel is None or not channel.is_open:
            return
        if self._stopping is not None:
            # Not cancelled yet: the consumers simply stay.
            self._end_stopping()
            self._events.consuming()
            return
        waiting = len(self._queues)

        def accepted(_frame: Any) -> None:
            nonlocal waiting
            waiting -= 1
            if waiting == 0:
                self._events.consuming()

        for queue in self._queues:
            name = self._topology.steps(queue)
            tag = f"tasker-{next(self._tag_numbers)}"
            self._consumer_tags[tag] = name
            self._unacked[tag] = set()
            channel.basic_consume(name, self._receiver(tag, name), consumer_tag=tag, callback=accepted)

    def stop_consuming(self) -> None:
        """Cancel all; ``consumers_cancelled`` follows.

        A quorum queue assigns messages to a consumer before they reach the channel, and those on their way when the
        consumer is cancelled come back later as *redelivered* although nobody saw them. So acks are held back, which
        dries the flow up, and the cancel follows when all credit is used or nothing has come for a moment.
        """
        if self.channel is not None and self.channel.is_open and self._stopping is None:
            self._heard = False
            self._stopping = self._loop.call_later(QUIET_SECONDS, self._maybe_cancel)
            self._cancel_when_dry()

    def _maybe_cancel(self) -> None:
        if self._heard:
            self._heard = False
            self._stopping = self._loop.call_later(QUIET_SECONDS, self._maybe_cancel)
        else:
            self._cancel()

    def _cancel_when_dry(self) -> None:
        if all(len(self._unacked[tag]) >= self._slots for tag in self._consumer_tags):
            self._cancel()

    def _cancel(self) -> None:
        channel = self.channel
        tags, self._consumer_tags = self._consumer_tags, {}
        if channel is None or not channel.is_open:
            return

        def cancelled(_frame: Any) -> None:
            self._unanswered_cancels -= 1
            if self._unanswered_cancels == 0:
                self._events.consumers_cancelled()

        self._unanswered_cancels += len(tags)
        for tag in tags:
            channel.basic_cancel(tag, callback=cancelled)
        self._end_stopping()

    def _end_stopping(self) -> None:
        if self._stopping is not None:
            self._loop.remove_timeout(self._stopping)
            self._stopping = None
        held, self._held_acks = self._held_acks, []
        for delivery in held:
            self.ack(delivery)

    def ack(self, delivery: Delivery) -> None:
        """Acknowledge one delivery of the living connection."""
        channel = self.channel
        if channel is None or delivery.epoch != self.epoch:
            return
        if self._stopping is not None:
            self._held_acks.append(delivery)
            return
        unacked = self._unacked.get(delivery.consumer)
        if unacked is not None:
            unacked.discard(delivery.tag)
            if not unacked and delivery.consumer not in self._consumer_tags:
                del self._unacked[delivery.consumer]
        try:
            channel.basic_ack(delivery.tag)
        except (exceptions.ChannelWrongStateError, exceptions.ConnectionWrongStateError):
            pass  # lost meanwhile: the broker delivers again and the dispatch is recognised

    def _receiver(self, tag: str, queue: str) -> Callable[..., None]:
        delivered = self._events.delivered
        epoch = self.epoch
        unacked = self._unacked[tag]

        def receive(_channel: Channel, method: Any, properties: spec.BasicProperties, body: bytes) -> None:
            headers = dict(properties.headers) if properties.headers else {}
            count = headers.get("x-delivery-count")
            unacked.add(method.delivery_tag)
            delivered(
                Delivery(
                    epoch,
                    method.delivery_tag,
                    queue,
                    body,
                    method.redelivered,
                    count if isinstance(count, int) else None,
                    properties.message_id,
                    properties.reply_to,
                    headers,
                    properties,
                    tag,
                )
            )
            if self._stopping is not None:
                self._heard = True
                self._cancel_when_dry()

        return receive


def _request(name: str, step: Step) -> tuple[str, Step]:
    return name, step

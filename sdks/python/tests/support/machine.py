"""The delivery machine with a link that records, and a clock that the test moves."""

from __future__ import annotations

import json
from typing import Any

from support.messages import body, execute
from tasker_core.wire.execute import ExecuteMessage
from tasker_core.wire.outgoing import MessageWriter, WorkerIdentity
from tasker_core.worker.delivery import DeliveryMachine
from tasker_core.worker.job import Delivery, Job, Publication, Purpose

WRITER = MessageWriter(WorkerIdentity("w-1", "tasker-python/test", "host"))


class Bench:
    """One machine under test; connected by default."""

    def __init__(self, slots: int = 2, queues: int = 1, connected: bool = True) -> None:
        self.now = 100.0
        self.sent: list[Publication] = []
        self.acked: list[int] = []
        self.started: list[Job] = []
        self.consumer_changes: list[str] = []
        self.unknown_handlers: set[str] = set()
        self.drained_count = 0
        self.unsent: list[Publication] | None = None
        self.epoch = 0
        self._tag = 0
        self.machine = DeliveryMachine(
            self,
            WRITER,
            slots=slots,
            queues=queues,
            reply_queue=lambda: "own-queue",
            wall=lambda: 1_700_000_000.0 + self.now,
        )
        if connected:
            self.machine.publisher_up(self.now)
            self.consumer_up()

    # Link

    def publish(self, publication: Publication) -> None:
        self.sent.append(publication)

    def ack(self, delivery: Delivery) -> None:
        assert delivery.epoch == self.epoch, "an ack on a connection that is gone"
        self.acked.append(delivery.tag)

    def knows_handler(self, message: ExecuteMessage) -> bool:
        return message.callable not in self.unknown_handlers

    def start_job(self, job: Job) -> None:
        self.started.append(job)

    def abandoned(self, message: ExecuteMessage, why: str) -> None:
        pass

    def start_consuming(self) -> None:
        self.consumer_changes.append("start")

    def stop_consuming(self) -> None:
        self.consumer_changes.append("stop")

    def drained(self) -> None:
        self.drained_count += 1

    def gave_up(self, unsent: list[Publication]) -> None:
        self.unsent = unsent

    # Driving

    def consumer_up(self) -> None:
        self.epoch += 1
        self.machine.consumer_up(self.epoch, self.now)

    def consumer_down(self) -> None:
        self.machine.consumer_down(self.now)
        self.epoch += 1000  # an ack from here on would be one on a dead connection

    def deliver(self, message: Any = None, **properties: Any) -> int:
        """Hand over a message (bytes are passed as they are); returns the delivery tag."""
        self._tag += 1
        raw = message if isinstance(message, bytes) else body(execute() if message is None else message)
        self.machine.delivered(Delivery(self.epoch, self._tag, "tasker.steps.default", raw, **properties), self.now)
        return self._tag

    def finish(self, job: Job, status: str = "completed") -> Publication:
        """The handler of a job returns; gives the publication of its result."""
        message = job.message
        assert message is not None
        answer = WRITER.result(
            message.dispatch_id, message.task_uuid, message.step_uuid, status, completed_at="2026-01-02T03:04:05.678Z"
        )
        before = len(self.sent)
        self.machine.finished(job, answer, failed=status == "failed", now=self.now)
        return self.sent[-1] if len(self.sent) > before else job.pending[0]

    def confirm(self, publication: Publication | None = None) -> None:
        self.machine.confirmed(publication or self.sent[-1], self.now)

    def advance(self, seconds: float) -> None:
        """Let time pass, waking the machine exactly when it asks for it."""
        until = self.now + seconds
        while self.machine.wake_at <= until:
            self.now = max(self.now, self.machine.wake_at)
            self.machine.tick(self.now)
        self.now = until

    # Looking

    def answers(self) -> list[dict[str, Any]]:
        """Every ``step.result`` sent so far."""
        return [json.loads(p.body) for p in self.sent if p.purpose is Purpose.ANSWER]

    def heartbeats(self) -> list[dict[str, Any]]:
        return [json.loads(p.body) for p in self.sent if p.purpose in (Purpose.HEARTBEAT, Purpose.DETACH)]

    @property
    def last(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.sent[-1].body)
        return found

    @property
    def consuming(self) -> bool:
        return bool(self.consumer_changes) and self.consumer_changes[-1] == "start"

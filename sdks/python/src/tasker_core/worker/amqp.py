"""The worker on RabbitMQ: one loop thread that owns both connections, and slot threads that run handlers."""

from __future__ import annotations

import logging
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from typing import Any

from pika.adapters.select_connection import IOLoop

from tasker_core._version import __version__
from tasker_core.handler import HandlerRegistry
from tasker_core.registry import HandlerDefinition
from tasker_core.wire.codec import decode
from tasker_core.wire.execute import ExecuteMessage
from tasker_core.wire.outgoing import MessageWriter, WorkerIdentity
from tasker_core.worker.after_confirm import AfterConfirm
from tasker_core.worker.announcer import Announcer
from tasker_core.worker.async_host import AsyncHost
from tasker_core.worker.connection import BrokerRefusal
from tasker_core.worker.consumer import ConsumerConnection
from tasker_core.worker.delivery import DeliveryMachine
from tasker_core.worker.job import Delivery, Job, Publication, Purpose
from tasker_core.worker.publisher import PublisherConnection
from tasker_core.worker.runner import Answer, StepRunner
from tasker_core.worker.settings import WorkerSettings
from tasker_core.worker.slots import SlotThreads
from tasker_core.worker.subscribers import Subscribers

logger = logging.getLogger("tasker_core.worker")

SDK = f"tasker-python/{__version__}"
CLOSE_PATIENCE = 5.0
EXIT_OK = 0
EXIT_UNSENT = 1
EXIT_REFUSED = 2


def new_worker_id(prefix: str | None) -> str:
    """Random per process start; a given id becomes its prefix."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}" if prefix else str(uuid.uuid4())


class AmqpWorker:
    """A running worker. :meth:`start` returns at once, :meth:`drain` begins the stop, :meth:`wait` gives the exit
    code: 0 = all answers confirmed, 1 = some could not be sent (they are printed), 2 = the broker refuses us.
    """

    def __init__(self, settings: WorkerSettings, registry: HandlerRegistry) -> None:
        self.settings = settings
        self.worker_id = new_worker_id(settings.worker_id)
        self._registry = registry
        self._writer = MessageWriter(WorkerIdentity(self.worker_id, SDK, settings.hostname))
        self._loop = IOLoop()
        self._thread = threading.Thread(target=self._serve, name="tasker-connection", daemon=True)
        self._async_host = AsyncHost()
        self._slots = SlotThreads(
            settings.slots, StepRunner(registry, self._writer, self._async_host), self._deliver_answer
        )
        self._after_confirm = AfterConfirm()
        self._subscribers = Subscribers()
        self._inbox: deque[Callable[[], None]] = deque()
        self._inbox_lock = threading.Lock()
        self._woken = False
        self._loop_closed = False
        self._timer: Any = None
        self._timer_at = float("inf")
        self._last_trouble = ("", 0.0)
        self._reason = "shutdown"
        self._refusal: BrokerRefusal | None = None
        self._leaving = False
        self._exit_code: int | None = None
        self._ended = threading.Event()
        self.ready = threading.Event()
        self.machine = DeliveryMachine(
            self,
            self._writer,
            slots=settings.slots,
            queues=len(settings.queues),
            dead_exchange=settings.topology.dead,
            reply_queue=lambda: self._consumer.control_queue,
            wall=time.time,
        )
        self._announcer = Announcer(
            self._writer,
            self.publish,
            workers_queue=settings.topology.workers,
            members=self._members,
            activity=self._activity,
            wall=time.time,
            on_ready=self._on_ready,
        )
        common: dict[str, Any] = {
            "loop": self._loop,
            "address": settings.address,
            "on_refused": self._on_refused,
            "log_trouble": self._log_trouble,
        }
        self._publisher = PublisherConnection(self, "tasker-python", name=f"{SDK} {self.worker_id} publisher", **common)
        self._consumer = ConsumerConnection(
            self,
            settings.topology,
            settings.queues,
            settings.slots,
            name=f"{SDK} {self.worker_id} consumer",
            **common,
        )

    # From other threads

    def start(self) -> None:
        """Connect in the background; ``ready`` is set when the first hello is confirmed."""
        for text in self.settings.address.warnings:
            logger.warning("%s", text)
        self._registry.on_change(lambda: self.submit(self._handlers_changed))
        self._subscribers.start()
        self.submit(self._consumer.open)
        self.submit(self._publisher.open)
        self._thread.start()

    def drain(self, reason: str) -> None:
        """Stop taking steps, answer those not started, give running handlers the grace period, leave."""
        self.submit(lambda: self._drain(reason))

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code once the worker has left, None when ``timeout`` seconds pass before."""
        self._ended.wait(timeout)
        return self._exit_code

    @property
    def has_ended(self) -> bool:
        """Whether the worker has left."""
        return self._ended.is_set()

    @property
    def is_connected(self) -> bool:
        """Whether both connections to the broker are up."""
        return self._publisher.is_up and self._consumer.is_up

    @property
    def handlers_left_running(self) -> bool:
        """Whether handlers outlasted the grace period and still hold their threads."""
        return self.machine.interrupted

    @property
    def refusal(self) -> str | None:
        """Why the broker refused, for the person who started the worker."""
        return None if self._refusal is None else str(self._refusal)

    def log_status(self) -> None:
        """One line about what the worker is doing."""
        self.submit(self._log_status)

    def submit(self, callback: Callable[[], None]) -> None:
        """Run ``callback`` on the loop thread soon."""
        self._inbox.append(callback)
        if not self._woken:
            with self._inbox_lock:
                if not self._loop_closed:
                    self._woken = True
                    self._loop.add_callback_threadsafe(self._empty_inbox)

    def _deliver_answer(self, job: Job, answer: Answer) -> None:
        self.submit(lambda: self._finished(job, answer))

    def _finished(self, job: Job, answer: Answer) -> None:
        if self.machine.finished(job, answer.body, failed=answer.failed, now=time.monotonic()):
            job.after_confirm = answer.after_confirm

    # The loop thread

    def _serve(self) -> None:
        try:
            self._loop.start()
        except BaseException:
            logger.exception("the worker's connection thread ended unexpectedly; this is a defect of the SDK")
            self._exit_code = EXIT_UNSENT
        finally:
            with self._inbox_lock:
                self._loop_closed = True
            self._loop.close()
            self._async_host.close()
            self._after_confirm.close()
            self._subscribers.stop()
            self._ended.set()

    def _empty_inbox(self) -> None:
        self._woken = False
        while self._inbox:
            self._inbox.popleft()()
        self._set_timer()

    def _set_timer(self) -> None:
        wake_at = min(self.machine.wake_at, self._announcer.wake_at)
        if wake_at < self._timer_at:
            if self._timer is not None:
                self._loop.remove_timeout(self._timer)
            self._timer_at = wake_at
            self._timer = self._loop.call_later(max(0.0, wake_at - time.monotonic()), self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._timer_at = float("inf")
        now = time.monotonic()
        self.machine.tick(now)
        self._announcer.tick(now)
        self._set_timer()

    # Consumer events

    def consumer_up(self, epoch: int) -> None:
        self.machine.consumer_up(epoch, time.monotonic())
        if not self.machine.consuming:
            self._announce()
        self._set_timer()

    def consumer_down(self) -> None:
        self.machine.consumer_down(time.monotonic())
        self._set_timer()

    def consuming(self) -> None:
        self._announce()

    def consumers_cancelled(self) -> None:
        self.machine.consumers_cancelled()
        self._set_timer()

    def delivered(self, delivery: Delivery) -> None:
        self.machine.delivered(delivery, time.monotonic())
        self._set_timer()

    def control(self, body: bytes) -> None:
        """A cancel notice or a page of dependency results; anything else is of a later version and ignored."""
        try:
            message = decode(body)
        except ValueError:
            return
        if not isinstance(message, dict):
            return
        kind = message.get("kind")
        if kind == "step.cancel" and isinstance(message.get("dispatch_id"), str):
            self.machine.cancel(message["dispatch_id"], time.monotonic())
        elif kind == "step.dependencies":
            self.machine.dependencies(message, time.monotonic())
        self._set_timer()

    # Publisher events

    def publisher_up(self) -> None:
        self.machine.publisher_up(time.monotonic())
        if self._consumer.is_up:
            self._announce()
        self._set_timer()

    def publisher_down(self) -> None:
        self.machine.publisher_down(time.monotonic())
        self._announcer.disconnected()
        self._set_timer()

    def blocked(self) -> None:
        self._log_trouble("RabbitMQ refuses messages for now (memory or disk alarm); results wait")
        self.machine.blocked(time.monotonic())
        self._set_timer()

    def unblocked(self) -> None:
        logger.info("RabbitMQ takes messages again")
        self.machine.unblocked(time.monotonic())
        self._set_timer()

    def confirmed(self, publication: Publication) -> None:
        if publication.purpose is Purpose.WORKER:
            self._announcer.confirmed(publication, time.monotonic())
        elif publication.job is not None:
            self.machine.confirmed(publication, time.monotonic())
            action = publication.job.after_confirm
            if action is not None and publication.purpose is Purpose.ANSWER:
                publication.job.after_confirm = None
                self._after_confirm.put(action)
        self._set_timer()

    def returned(self, publication: Publication) -> None:
        if publication.purpose is Purpose.WORKER:
            self._announcer.failed(publication, time.monotonic(), returned=True)
        else:
            if publication.purpose is Purpose.ANSWER:
                self._log_trouble(f"queue {publication.routing_key} does not exist; a result waits for it")
            self.machine.returned(publication, time.monotonic())
        self._set_timer()

    def nacked(self, publication: Publication) -> None:
        if publication.purpose is Purpose.WORKER:
            self._announcer.failed(publication, time.monotonic(), returned=False)
        else:
            self.machine.nacked(publication, time.monotonic())
        self._set_timer()

    # What the machine asks for

    def publish(self, publication: Publication) -> None:
        self._publisher.publish(publication)

    def ack(self, delivery: Delivery) -> None:
        self._consumer.ack(delivery)

    def knows_handler(self, message: ExecuteMessage) -> bool:
        definition = HandlerDefinition(message.callable, message.method, message.resolver)
        return self._registry.knows(definition) is not False

    def start_job(self, job: Job) -> None:
        self._slots.start(job)

    def abandoned(self, message: ExecuteMessage, why: str) -> None:
        logger.warning(
            "step %s attempt %d/%d abandoned in 0 ms task=%s %s",
            message.step_name,
            message.attempt,
            message.max_attempts,
            message.task_uuid,
            why,
        )

    def start_consuming(self) -> None:
        self._consumer.start_consuming()

    def stop_consuming(self) -> None:
        self._consumer.stop_consuming()

    def drained(self) -> None:
        self._announcer.bye(self._reason, time.monotonic(), self._close)

    def gave_up(self, unsent: list[Publication]) -> None:
        logger.error("the broker took no answers until the end of the grace period; %d unsent:", len(unsent))
        for publication in unsent:
            print(publication.body.decode("utf-8", "replace"), file=sys.stderr)  # noqa: T201
        self._finish(EXIT_UNSENT if unsent else EXIT_OK)

    # Announcing

    def _announce(self) -> None:
        if self._publisher.is_up and self._consumer.is_up:
            self._announcer.connected(time.monotonic())
            self._set_timer()

    def _handlers_changed(self) -> None:
        self._announcer.changed(time.monotonic())

    def _members(self) -> dict[str, Any]:
        return {
            "queues": list(self.settings.queues),
            "namespaces": list(self.settings.namespaces),
            "handlers": [
                {"callable": name, "version": version} for name, version in self._registry.callable_names().items()
            ],
            "any_handler": self.settings.any_handler,
            "slots": self.settings.slots,
        }

    def _activity(self) -> dict[str, Any]:
        return {
            "running": self.machine.running(),
            "processed_total": self.machine.processed_total,
            "failed_total": self.machine.failed_total,
            "status": "draining" if self.machine.draining else "active",
        }

    def _on_ready(self) -> None:
        if not self.ready.is_set():
            self.ready.set()
            logger.info(
                "ready: worker %s consumes %s with %d slots",
                self.worker_id,
                ", ".join(self.settings.topology.steps(queue) for queue in self.settings.queues),
                self.settings.slots,
            )
        else:
            logger.info("connected to RabbitMQ again")

    def _log_status(self) -> None:
        logger.info(
            "status: %s, %d of %d slots busy, %d steps processed, %d failed",
            "draining" if self.machine.draining else ("consuming" if self.machine.consuming else "not consuming"),
            self.machine.slots_used,
            self.settings.slots,
            self.machine.processed_total,
            self.machine.failed_total,
        )

    def _log_trouble(self, text: str) -> None:
        """Both connections meet the same trouble; one line a second is enough."""
        now = time.monotonic()
        last, when = self._last_trouble
        if text.partition(";")[0] != last or now - when > 1.0:
            self._last_trouble = (text.partition(";")[0], now)
            logger.warning("%s", text)

    # Leaving

    def _on_refused(self, refusal: BrokerRefusal) -> None:
        if self.ready.is_set():
            # It worked before, so the broker may be restarting or a person at work: keep trying.
            self._log_trouble(str(refusal))
        elif self._refusal is None:
            self._refusal = refusal
            self._finish(EXIT_REFUSED)

    def _drain(self, reason: str) -> None:
        if not self.machine.draining:
            self._reason = reason
            logger.info("stopping (%s): %d steps run", reason, self.machine.slots_used)
            self.machine.drain(time.monotonic(), self.settings.grace_seconds)

    def _close(self) -> None:
        self._finish(EXIT_OK)

    def _finish(self, code: int) -> None:
        if self._leaving:
            return
        self._leaving = True
        self._exit_code = code
        self._slots.close()
        waiting = 2

        def closed() -> None:
            nonlocal waiting
            waiting -= 1
            if waiting == 0:
                self._loop.stop()

        self._loop.call_later(CLOSE_PATIENCE, self._loop.stop)
        self._consumer.close(closed)
        self._publisher.close(closed)

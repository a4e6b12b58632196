"""The delivery state machine: every worker obligation of the wire protocol's section 6, without I/O or clocks.

Each input is a method; what is to be done goes to :class:`Link`. All methods are called from one thread, with the
monotonic clock as ``now``. The machine never blocks and never raises for what the broker or a sender did.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

from tasker_core.wire.execute import ExecuteMessage, Unreadable, is_uuid, parse_execute
from tasker_core.wire.names import TYPE_FETCH, TYPE_HEARTBEAT, TYPE_RESULT
from tasker_core.wire.outgoing import MessageWriter, timestamp
from tasker_core.worker.job import Delivery, Job, Publication, Purpose, RunControl, State

REMEMBERED = 10_000
CANCEL_MEMORY = 3600.0
FULL_AFTER = 1.0
FIRST_HEARTBEAT = 1.0
PARKED_FOR = 10.0
RETURNED_PAUSE = 5.0
NACKED_PAUSE = 0.5
PUBLISHER_PATIENCE = 5.0
FETCH_PAUSE = 5.0
GIVE_UP_AFTER_GRACE = 10.0
_NEVER = float("inf")


class Link(Protocol):
    """What the machine asks of the world."""

    def publish(self, publication: Publication) -> None:
        """Send; the outcome comes back through ``confirmed``, ``returned`` or ``nacked``, or the publisher is lost."""

    def ack(self, delivery: Delivery) -> None:
        """Acknowledge on the connection the delivery came from; the machine checks that it lives."""

    def knows_handler(self, message: ExecuteMessage) -> bool:
        """False only when no slot needs to be taken to find that out."""

    def start_job(self, job: Job) -> None:
        """Run the handler in a free slot; ``finished`` follows, never from inside this call."""

    def abandoned(self, message: ExecuteMessage, why: str) -> None:
        """A step is answered without having ended; for the log."""

    def start_consuming(self) -> None:
        """Consume all step queues."""

    def stop_consuming(self) -> None:
        """Cancel the consumers of all step queues; ``consumers_cancelled`` follows."""

    def drained(self) -> None:
        """Nothing is held any more after ``drain``."""

    def gave_up(self, unsent: list[Publication]) -> None:
        """Grace and the time after it are over; these answers could not be sent."""


class DeliveryMachine:
    """Holds the dispatches of one process and decides about each."""

    def __init__(
        self,
        link: Link,
        writer: MessageWriter,
        *,
        slots: int,
        queues: int = 1,
        dead_exchange: str = "tasker.dead",
        reply_queue: Callable[[], str | None] = lambda: None,
        wall: Callable[[], float],
    ) -> None:
        self._link = link
        self._writer = writer
        self._slots = slots
        self._dead_exchange = dead_exchange
        self._reply_queue = reply_queue
        self._wall = wall
        # Answers to what was never run take no slot; this bounds them while nothing can be confirmed.
        self._most_jobs = slots * (2 + 2 * queues)
        self.jobs: dict[str, Job] = {}
        self._answered: OrderedDict[str, None] = OrderedDict()
        self._cancelled: OrderedDict[str, float] = OrderedDict()
        self._used = 0
        self._epoch: int | None = None
        self._publisher = False
        self._blocked = False
        self._suspended = True
        self._suspend_at: float | None = None
        self._full = False
        self._consuming = False
        self._consumers_alive = False
        self._draining = False
        self._drained = False
        self._interrupted = False
        self._grace_at: float | None = None
        self._give_up_at: float | None = None
        self.wake_at = _NEVER
        self.processed_total = 0
        self.failed_total = 0

    # What others may ask

    @property
    def draining(self) -> bool:
        return self._draining

    @property
    def slots_used(self) -> int:
        return self._used

    @property
    def consuming(self) -> bool:
        return self._consuming

    @property
    def interrupted(self) -> bool:
        """Whether handlers still run although their steps were answered."""
        return self._interrupted

    def running(self) -> list[dict[str, Any]]:
        """The running steps as ``worker.heartbeat`` lists them."""
        return [
            {
                "dispatch_id": job.key,
                "step_uuid": job.message.step_uuid,
                "started_at": timestamp(job.started_wall or self._wall()),
            }
            for job in self.jobs.values()
            if job.state is State.RUNNING and job.message is not None
        ]

    # Connections

    def consumer_up(self, epoch: int, now: float) -> None:
        """The connection that consumes is ready; queues are declared."""
        self._epoch = epoch
        self._heartbeat_all(now)
        self._update_consuming()

    def consumer_down(self, now: float) -> None:
        """That connection, its channel or a consumer on it is gone; so are all deliveries."""
        if self._epoch is None:
            return
        self._epoch = None
        self._consuming = self._consumers_alive = False
        for job in list(self.jobs.values()):
            job.deliveries.clear()
            job.ack_at = None
            job.detaching = None
            if job.message is None:
                # The broker delivers it again and it is refused again; keeping this answer would double it.
                del self.jobs[job.key]
            elif job.state in (State.WAITING, State.FETCHING):
                self._release(job)
                job.full_at = job.fetch_at = None
                job.state = State.PARKED
                job.parked_until = self._due(now + PARKED_FOR)
        self._heartbeat_all(now)
        self._check_drained()

    def publisher_up(self, now: float) -> None:
        """The connection that publishes is ready: everything kept is published again."""
        self._publisher = True
        self._blocked = False
        self._suspend_at = None
        self._suspended = False
        for job in list(self.jobs.values()):
            for publication in list(job.pending):
                self._send(publication)
            if job.state is State.FETCHING:
                self._ask(job, now)
        self._heartbeat_all(now)
        self._update_consuming()

    def publisher_down(self, now: float) -> None:
        """That connection is gone with everything unconfirmed on it."""
        if not self._publisher:
            return
        self._publisher = False
        self._blocked = False
        self._suspend_at = self._due(now + PUBLISHER_PATIENCE)
        for job in self.jobs.values():
            for publication in job.pending:
                publication.in_flight = False
                publication.returned = False
                publication.retry_at = None
            if job.detaching is not None:
                job.detaching = None
                job.ack_at = self._due(now + NACKED_PAUSE)

    def blocked(self, now: float) -> None:
        """The broker refuses to read from publishers (memory or disk alarm)."""
        if not self._blocked:
            self._blocked = True
            self._suspend_at = self._due(now + PUBLISHER_PATIENCE)

    def unblocked(self, now: float) -> None:
        self._blocked = False
        self._suspend_at = None
        self._suspended = not self._publisher
        self._heartbeat_all(now)
        self._update_consuming()

    def consumers_cancelled(self) -> None:
        """The broker has confirmed that no further deliveries come."""
        if not self._consuming:
            self._consumers_alive = False
        self._check_drained()

    # Deliveries

    def delivered(self, delivery: Delivery, now: float) -> None:
        """A message from a step queue. The order of the checks is the protocol's."""
        if delivery.epoch != self._epoch:
            return
        try:
            message = parse_execute(delivery.body)
        except Unreadable as error:
            self._refuse(delivery, error)
            return
        # UUIDs are compared without regard to case.
        key = message.dispatch_id.lower()
        job = self.jobs.get(key)
        if job is not None:
            self._adopt(job, delivery, now)
            return
        if key in self._answered:
            self._answered.move_to_end(key)
            self._link.ack(delivery)
            return
        message.trace_headers = {
            name: delivery.headers[name] for name in ("traceparent", "tracestate") if name in delivery.headers
        }
        job = self.jobs[key] = Job(key, message, delivery, State.WAITING)
        count = delivery.delivery_count
        if delivery.redelivered or (count is not None and count >= 1):
            self._abandon(job, "redelivered", "delivered before: another worker may have run it", count)
        elif self._draining:
            self._abandon(job, "worker_shutdown", "the worker is shutting down")
        elif self._is_cancelled(key, now):
            self._abandon(job, "cancelled", "cancelled before it was started")
        elif not self._link.knows_handler(message):
            self._abandon(job, "handler_not_found", _handler_not_found(message))
        else:
            job.ack_at = self._due(now + message.ack_deadline)
            self._try_start(job, now)
        if len(self.jobs) >= self._most_jobs:
            self._update_consuming()

    def _adopt(self, job: Job, delivery: Delivery, now: float) -> None:
        job.deliveries.append(delivery)
        if job.message is not None and job.state is not State.ANSWERED:
            job.ack_at = self._due(now + job.message.ack_deadline)
        if job.state is State.PARKED:
            job.parked_until = None
            job.state = State.WAITING
            self._try_start(job, now)

    def _refuse(self, delivery: Delivery, error: Unreadable) -> None:
        """A copy for people, an answer where there is an address, and the ack after both confirms."""
        job = Job(f"unreadable:{delivery.epoch}:{delivery.tag}", None, delivery, State.ANSWERED)
        self.jobs[job.key] = job
        headers = {
            **delivery.headers,
            "x-tasker-reason": error.reason,
            "x-tasker-detail": error.detail,
            "x-tasker-origin": delivery.queue,
        }
        job.pending.append(
            Publication(
                Purpose.DEAD_LETTER,
                "",
                delivery.body,
                "",
                exchange=self._dead_exchange,
                headers=headers,
                properties=delivery.properties,
                job=job,
            )
        )
        dispatch_id = delivery.message_id or error.dispatch_id
        reply_to = delivery.reply_to or error.reply_to
        if dispatch_id and reply_to:
            known_id = dispatch_id if is_uuid(dispatch_id) else None
            body = self._writer.invalid(known_id, error.error_type, error.detail, self._wall())
            job.pending.append(
                Publication(Purpose.ANSWER, reply_to, body, TYPE_RESULT, message_id=dispatch_id, job=job)
            )
        for publication in list(job.pending):
            self._send(publication)

    # Slots

    def _try_start(self, job: Job, now: float) -> None:
        if self._used >= self._slots:
            job.full_at = self._due(now + FULL_AFTER)
            return
        self._used += 1
        job.has_slot = True
        job.full_at = None
        if job.message is not None and job.message.dependencies_omitted:
            job.state = State.FETCHING
            self._ask(job, now)
        else:
            self._run(job, now)

    def _run(self, job: Job, now: float) -> None:
        message = job.message
        assert message is not None
        job.state = State.RUNNING
        job.fetch_at = None
        job.control = RunControl()
        job.started_wall = job.control.started_wall = self._wall()
        job.heartbeat_at = self._due(now + FIRST_HEARTBEAT)
        if message.timeout is not None:
            job.timeout_at = self._due(now + message.timeout)
        self._link.start_job(job)

    def _release(self, job: Job) -> None:
        if job.has_slot:
            job.has_slot = False
            self._used -= 1

    def _fill(self, now: float) -> None:
        """A slot became free: start what waits, then consume again."""
        if self._used < self._slots:
            for job in list(self.jobs.values()):
                if self._used >= self._slots:
                    break
                if job.state is State.WAITING:
                    self._try_start(job, now)
        self._update_consuming()

    def _become_full(self) -> None:
        self._full = True
        self._update_consuming()
        for job in list(self.jobs.values()):
            if job.state is State.WAITING:
                self._abandon(job, "worker_busy", "every slot of the worker is busy")

    def _update_consuming(self) -> None:
        if self._full and self._used < self._slots:
            self._full = False
        wanted = (
            self._epoch is not None
            and not self._draining
            and not self._suspended
            and not self._full
            and len(self.jobs) < self._most_jobs
        )
        if wanted and not self._consuming:
            self._consuming = self._consumers_alive = True
            self._link.start_consuming()
        elif not wanted and self._consuming:
            self._consuming = False
            self._link.stop_consuming()

    # Claim-check

    def _ask(self, job: Job, now: float) -> None:
        message = job.message
        assert message is not None
        job.fetch_at = self._due(now + FETCH_PAUSE)
        reply_queue = self._reply_queue()
        if not self._publisher or self._blocked or reply_queue is None:
            return
        self._link.publish(
            Publication(
                Purpose.FETCH,
                message.reply_to,
                self._writer.fetch(message, job.fetch_after),
                TYPE_FETCH,
                correlation_id=message.correlation_id,
                reply_to=reply_queue,
                headers=message.trace_headers,
                persistent=False,
                job=job,
            )
        )

    def dependencies(self, page: dict[str, Any], now: float) -> None:
        """A ``step.dependencies`` page; one that was not asked for, or comes twice, changes nothing."""
        job = self.jobs.get(str(page.get("dispatch_id")).lower())
        if job is None or job.state is not State.FETCHING or job.message is None:
            return
        if page.get("gone") is True:
            self._settle(job, now)
            return
        results = page.get("dependency_results")
        if not isinstance(results, dict):
            return
        job.message.dependency_results.update(results)
        after = page.get("next")
        if isinstance(after, str):
            # A question is repeated when its answer is late, so an answer may come twice.
            if after not in job.fetch_seen:
                job.fetch_seen.add(after)
                job.fetch_after = after
                self._ask(job, now)
            return
        job.message.dependencies_omitted = False
        self._run(job, now)

    # Answers

    def finished(self, job: Job, body: bytes, *, failed: bool, now: float) -> bool:
        """The slot is done; ``body`` is the ``step.result`` to send. False when it comes too late to be sent."""
        if self.jobs.get(job.key) is not job or job.state is not State.RUNNING:
            return False  # answered already: interrupted at the end of the grace period
        self.processed_total += 1
        if failed:
            self.failed_total += 1
        self._answer(job, body)
        return True

    def _abandon(self, job: Job, why: str, text: str, delivery_count: int | None = None) -> None:
        message = job.message
        assert message is not None
        started = job.started_wall if job.state is State.RUNNING else None
        wall = self._wall()
        body = self._writer.abandoned(
            message,
            why,
            text,
            wall,
            started_at=None if started is None else timestamp(started),
            execution_time_ms=0 if started is None else max(0, round((wall - started) * 1000)),
            delivery_count=delivery_count,
        )
        if job.state is not State.RUNNING:
            self._release(job)
        self._link.abandoned(message, why)
        self._answer(job, body)

    def _answer(self, job: Job, body: bytes) -> None:
        message = job.message
        assert message is not None
        job.state = State.ANSWERED
        job.full_at = job.parked_until = job.heartbeat_at = job.timeout_at = job.fetch_at = None
        publication = Publication(
            Purpose.ANSWER,
            message.reply_to,
            body,
            TYPE_RESULT,
            message_id=message.dispatch_id,
            correlation_id=message.correlation_id,
            headers=message.trace_headers,
            job=job,
        )
        job.pending.append(publication)
        self._send(publication)

    def _send(self, publication: Publication) -> None:
        publication.retry_at = None
        publication.returned = False
        if self._publisher and not publication.in_flight:
            publication.in_flight = True
            self._link.publish(publication)

    def confirmed(self, publication: Publication, now: float) -> None:
        """The broker has taken responsibility for a message."""
        job = publication.job
        if job is None or self.jobs.get(job.key) is not job:
            return
        publication.in_flight = False
        if publication.purpose is Purpose.DETACH:
            if job.detaching is publication:
                job.detaching = None
                job.ack_at = None
                self._ack_all(job)
                self._update_consuming()
            return
        if publication in job.pending:
            job.pending.remove(publication)
            if not job.pending:
                self._settle(job, now)

    def returned(self, publication: Publication, now: float) -> None:
        """No queue of that name: not delivered."""
        self._later(publication, now + RETURNED_PAUSE)

    def nacked(self, publication: Publication, now: float) -> None:
        """The broker could not take it."""
        self._later(publication, now + NACKED_PAUSE)

    def _later(self, publication: Publication, moment: float) -> None:
        job = publication.job
        if job is None or self.jobs.get(job.key) is not job:
            return
        publication.in_flight = False
        if publication.purpose is Purpose.DETACH:
            if job.detaching is publication:
                job.detaching = None
                job.ack_at = self._due(moment)
        elif publication in job.pending:
            publication.retry_at = self._due(moment)

    def _settle(self, job: Job, now: float) -> None:
        """Nothing more to send for this dispatch: ack, remember, free the slot."""
        self._ack_all(job)
        del self.jobs[job.key]
        self._release(job)
        if job.message is not None:
            self._answered[job.key] = None
            if len(self._answered) > REMEMBERED:
                self._answered.popitem(last=False)
        self._fill(now)
        self._check_drained()

    def _ack_all(self, job: Job) -> None:
        for delivery in job.deliveries:
            if delivery.epoch == self._epoch:
                self._link.ack(delivery)
        job.deliveries.clear()

    # Heartbeats, early acks, cancellation

    def _heartbeat_all(self, now: float) -> None:
        for job in self.jobs.values():
            if job.state is State.RUNNING:
                self._beat(job, now)

    def _beat(self, job: Job, now: float) -> None:
        message = job.message
        assert message is not None
        job.heartbeat_at = self._due(now + message.heartbeat_interval)
        if self._publisher and not self._blocked:
            self._link.publish(self._heartbeat(job, message, Purpose.HEARTBEAT, job.detached))

    def _heartbeat(self, job: Job, message: ExecuteMessage, purpose: Purpose, detached: bool) -> Publication:
        job.sequence += 1
        return Publication(
            purpose,
            message.reply_to,
            self._writer.heartbeat(
                message,
                started_at=None if job.started_wall is None else timestamp(job.started_wall),
                sequence=job.sequence,
                detached=detached,
                progress=None if job.control is None else job.control.progress,
            ),
            TYPE_HEARTBEAT,
            correlation_id=message.correlation_id,
            headers=message.trace_headers,
            persistent=purpose is Purpose.DETACH,
            job=job,
        )

    def _detach(self, job: Job, now: float) -> None:
        """Held for too long: say so, ack once that is confirmed, run on."""
        message = job.message
        assert message is not None
        job.ack_at = None
        if job.detached:
            return
        if not self._publisher or self._blocked:
            job.ack_at = self._due(now + NACKED_PAUSE)
            return
        if self._used >= self._slots:
            self._full = True
            self._update_consuming()
        job.detaching = self._heartbeat(job, message, Purpose.DETACH, True)
        job.detaching.in_flight = True
        self._link.publish(job.detaching)

    def cancel(self, dispatch_id: str, now: float) -> None:
        """A cancel notice; unknown ids are remembered, as the delivery may still come."""
        dispatch_id = dispatch_id.lower()
        job = self.jobs.get(dispatch_id)
        if job is None:
            self._cancelled[dispatch_id] = now + CANCEL_MEMORY
            self._cancelled.move_to_end(dispatch_id)
            if len(self._cancelled) > REMEMBERED:
                self._cancelled.popitem(last=False)
        elif job.state in (State.WAITING, State.PARKED, State.FETCHING):
            self._abandon(job, "cancelled", "cancelled before it was started")
            self._fill(now)
        elif job.state is State.RUNNING and job.control is not None:
            job.control.request_stop("cancelled")

    def _is_cancelled(self, dispatch_id: str, now: float) -> bool:
        until = self._cancelled.get(dispatch_id)
        return until is not None and now < until

    # Leaving

    def drain(self, now: float, grace: float) -> None:
        """Take no more work, answer what was not started, give running handlers ``grace`` seconds."""
        if self._draining:
            return
        self._draining = True
        self._update_consuming()
        for job in list(self.jobs.values()):
            if job.state in (State.WAITING, State.PARKED, State.FETCHING):
                self._abandon(job, "worker_shutdown", "the worker is shutting down")
        self._grace_at = self._due(now + grace)
        self._give_up_at = self._due(now + grace + GIVE_UP_AFTER_GRACE)
        self._check_drained()

    def _interrupt(self) -> None:
        for job in list(self.jobs.values()):
            if job.state is State.RUNNING:
                self._interrupted = True
                self._abandon(job, "interrupted", "the worker had to leave before the handler was done")
                if job.control is not None:
                    job.control.request_stop("interrupted")

    def _check_drained(self) -> None:
        if self._draining and not self._drained and not self.jobs and not self._consumers_alive:
            self._drained = True
            self._give_up_at = self._grace_at = None
            self._link.drained()

    # Time

    def _due(self, moment: float) -> float:
        if moment < self.wake_at:
            self.wake_at = moment
        return moment

    def tick(self, now: float) -> None:
        """Do what is due; call it no later than ``wake_at``."""
        self.wake_at = _NEVER
        if self._suspend_at is not None and self._suspend_at <= now:
            self._suspend_at = None
            self._suspended = True
            self._update_consuming()
        if self._grace_at is not None and self._grace_at <= now:
            self._grace_at = None
            self._interrupt()
        if self._give_up_at is not None and self._give_up_at <= now:
            self._give_up_at = None
            self._drained = True
            self._link.gave_up([publication for job in self.jobs.values() for publication in job.pending])
        for job in list(self.jobs.values()):
            if job.next_due() <= now and self.jobs.get(job.key) is job:
                self._tick_job(job, now)
        for moment in (self._suspend_at, self._grace_at, self._give_up_at):
            if moment is not None:
                self._due(moment)
        for job in self.jobs.values():
            self._due(job.next_due())

    def _tick_job(self, job: Job, now: float) -> None:
        for publication in list(job.pending):
            if publication.retry_at is not None and publication.retry_at <= now:
                self._send(publication)
        if job.ack_at is not None and job.ack_at <= now:
            self._detach(job, now)
        if job.heartbeat_at is not None and job.heartbeat_at <= now:
            self._beat(job, now)
        if job.timeout_at is not None and job.timeout_at <= now:
            job.timeout_at = None
            if job.control is not None:
                job.control.request_stop("timeout")
        if job.fetch_at is not None and job.fetch_at <= now:
            self._ask(job, now)
        if job.full_at is not None and job.full_at <= now:
            job.full_at = None
            if job.state is State.WAITING:
                self._become_full()
        if job.parked_until is not None and job.parked_until <= now:
            job.parked_until = None
            del self.jobs[job.key]
            self._update_consuming()
            self._check_drained()


def _handler_not_found(message: ExecuteMessage) -> str:
    name = message.callable if message.method is None else f"{message.callable} (method {message.method})"
    if message.resolver is not None:
        name += f" (resolver {message.resolver})"
    return f"this worker has no handler {name}"

"""What the worker holds per dispatch, and what passes between it and the broker."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from tasker_core.wire.execute import ExecuteMessage


class State(Enum):
    """Life of a dispatch inside one worker process."""

    WAITING = auto()  # delivered, no slot yet
    FETCHING = auto()  # has a slot, asks for dependency results that did not fit into the message
    RUNNING = auto()  # the handler runs in a slot
    PARKED = auto()  # not started, and the connection of its delivery is gone
    ANSWERED = auto()  # an answer is kept until the broker has confirmed it


class Purpose(Enum):
    """Why something is published; decides what a confirm, a return or a nack means."""

    ANSWER = auto()
    DEAD_LETTER = auto()
    DETACH = auto()
    HEARTBEAT = auto()
    FETCH = auto()
    WORKER = auto()


@dataclass(slots=True)
class Delivery:
    """One message as the broker handed it over. ``epoch`` numbers the connection; an older one is never acked."""

    epoch: int
    tag: int
    queue: str
    body: bytes
    redelivered: bool = False
    delivery_count: int | None = None
    message_id: str | None = None
    reply_to: str | None = None
    headers: dict[str, Any] = field(default_factory=dict)
    properties: Any = None
    consumer: str = ""


@dataclass(slots=True)
class Publication:
    """One message to publish, ``mandatory`` and with a confirm."""

    purpose: Purpose
    routing_key: str
    body: bytes
    type: str
    exchange: str = ""
    message_id: str | None = None
    correlation_id: str | None = None
    reply_to: str | None = None
    headers: dict[str, Any] | None = None
    persistent: bool = True
    properties: Any = None
    job: Job | None = None
    delivery: Delivery | None = None
    in_flight: bool = False
    retry_at: float | None = None
    returned: bool = False


class RunControl:
    """Shared between the delivery machine and the slot that runs the handler."""

    __slots__ = ("_stop", "cancelled", "progress", "reason", "started_wall")

    def __init__(self) -> None:
        self.cancelled = False
        self.reason: str | None = None
        self.progress: tuple[Any, Any, Any] | None = None
        self.started_wall = time.time()
        self._stop: Callable[[], None] | None = None

    def request_stop(self, reason: str) -> None:
        """Set the cancelled flag; past ``timeout`` or ``interrupted`` an async handler is also cancelled."""
        if self.reason is None:
            self.reason = reason
        self.cancelled = True
        stop = self._stop
        if stop is not None and reason != "cancelled":
            stop()

    def bind_stop(self, stop: Callable[[], None]) -> None:
        """The way to stop an async handler; used at once when the request came first."""
        self._stop = stop
        if self.cancelled and self.reason != "cancelled":
            stop()


class Job:
    """A dispatch this process holds."""

    __slots__ = (
        "ack_at",
        "after_confirm",
        "control",
        "deliveries",
        "detaching",
        "fetch_after",
        "fetch_at",
        "fetch_seen",
        "full_at",
        "has_slot",
        "heartbeat_at",
        "key",
        "message",
        "parked_until",
        "pending",
        "sequence",
        "started_wall",
        "state",
        "timeout_at",
    )

    def __init__(self, key: str, message: ExecuteMessage | None, delivery: Delivery, state: State) -> None:
        self.key = key
        self.message = message
        self.state = state
        # Usually one. A second copy on the same living connection is acked together with the first.
        self.deliveries: list[Delivery] = [delivery]
        self.has_slot = False
        self.control: RunControl | None = None
        self.pending: list[Publication] = []
        self.sequence = 0
        self.started_wall: float | None = None
        self.detaching: Publication | None = None
        self.after_confirm: Callable[[], None] | None = None
        self.fetch_after: str | None = None
        self.fetch_seen: set[str] = set()
        # Moments on the monotonic clock; None = not set.
        self.full_at: float | None = None
        self.parked_until: float | None = None
        self.heartbeat_at: float | None = None
        self.timeout_at: float | None = None
        self.ack_at: float | None = None
        self.fetch_at: float | None = None

    @property
    def detached(self) -> bool:
        """Whether no delivery of the dispatch is held any more."""
        return not self.deliveries

    def next_due(self) -> float:
        """The earliest moment at which this job wants attention."""
        due = float("inf")
        for moment in (
            self.full_at, self.parked_until, self.heartbeat_at, self.timeout_at, self.ack_at, self.fetch_at
        ):  # fmt: skip
            if moment is not None and moment < due:
                due = moment
        for publication in self.pending:
            if publication.retry_at is not None and publication.retry_at < due:
                due = publication.retry_at
        return due

"""Hello, heartbeats and bye on the queue ``<prefix>.workers``: what the orchestrator routes by."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from tasker_core.wire.names import TYPE_BYE, TYPE_HELLO, TYPE_WORKER_HEARTBEAT
from tasker_core.wire.outgoing import MessageWriter, timestamp
from tasker_core.worker.job import Publication, Purpose

HEARTBEAT_SECONDS = 15.0
# The orchestrator declares the queue. While it is missing, a hello is dropped and a fresh one is tried.
MISSING_PAUSE = 2.0
NACKED_PAUSE = 0.5
_NEVER = float("inf")


class Announcer:
    """Decides when to announce; ``publish`` sends and outcomes come back like those of other publications."""

    def __init__(
        self,
        writer: MessageWriter,
        publish: Callable[[Publication], None],
        *,
        workers_queue: str,
        members: Callable[[], dict[str, Any]],
        activity: Callable[[], dict[str, Any]],
        wall: Callable[[], float],
        on_ready: Callable[[], None],
    ) -> None:
        self._writer = writer
        self._publish = publish
        self._queue = workers_queue
        self._members = members
        self._activity = activity
        self._wall = wall
        self._on_ready = on_ready
        self._started_at = timestamp(wall())
        self._sequence = 0
        self._connected = False
        self._announced = False
        self._hello: Publication | None = None
        self._leaving: Publication | None = None
        self._on_bye: Callable[[], None] | None = None
        self.wake_at = _NEVER

    def connected(self, now: float) -> None:
        """Publisher and consumers are in place (again), or the list of handlers has changed."""
        self._connected = True
        self._say_hello(now)

    def disconnected(self) -> None:
        """The publisher is gone; a bye that was on its way counts as said."""
        self._connected = False
        self.wake_at = _NEVER
        if self._leaving is not None:
            self._said_bye()

    def changed(self, now: float) -> None:
        """Handlers were registered after the start."""
        if self._connected and self._leaving is None:
            self._say_hello(now)

    def tick(self, now: float) -> None:
        """Send what is due."""
        if not self._connected or now < self.wake_at:
            return
        if self._leaving is not None:
            self._said_bye()
        elif not self._announced:
            self._say_hello(now)
        else:
            self.wake_at = now + HEARTBEAT_SECONDS
            self._sequence += 1
            self._send("worker.heartbeat", TYPE_WORKER_HEARTBEAT, {"sequence": self._sequence, **self._activity()})

    def bye(self, reason: str, now: float, done: Callable[[], None], patience: float = 5.0) -> None:
        """The last message; ``done`` is called once it is confirmed or cannot be."""
        self._on_bye = done
        if not self._connected:
            self._said_bye()
            return
        self.wake_at = now + patience
        self._leaving = self._send("worker.bye", TYPE_BYE, {"reason": reason})

    def confirmed(self, publication: Publication, now: float) -> None:
        if publication is self._leaving:
            self._said_bye()
        elif publication is self._hello:
            self._hello = None
            self._announced = True
            self.wake_at = now + HEARTBEAT_SECONDS
            self._on_ready()

    def failed(self, publication: Publication, now: float, *, returned: bool) -> None:
        """Returned (no such queue yet) or nacked: try again with fresh contents."""
        if publication is self._leaving:
            self._said_bye()
        elif self._leaving is None:
            self._announced = False
            self.wake_at = now + (MISSING_PAUSE if returned else NACKED_PAUSE)

    def _say_hello(self, now: float) -> None:
        self._announced = False
        self.wake_at = now + HEARTBEAT_SECONDS
        self._hello = self._send("worker.hello", TYPE_HELLO, {})

    def _said_bye(self) -> None:
        self._leaving = None
        self.wake_at = _NEVER
        done, self._on_bye = self._on_bye, None
        if done is not None:
            done()

    def _send(self, kind: str, message_type: str, extra: dict[str, Any]) -> Publication:
        members = {
            **self._members(),
            "started_at": self._started_at,
            "pid": os.getpid(),
            "sent_at": timestamp(self._wall()),
            **extra,
        }
        publication = Publication(
            Purpose.WORKER, self._queue, self._writer.worker_message(kind, members), message_type, persistent=False
        )
        self._publish(publication)
        return publication

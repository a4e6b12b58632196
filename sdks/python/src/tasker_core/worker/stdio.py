"""The same messages over standard input and output: one JSON object per line, one step at a time."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import threading
import time
from typing import BinaryIO

from tasker_core._version import __version__
from tasker_core.handler import HandlerRegistry
from tasker_core.wire.execute import ExecuteMessage, Unreadable, is_uuid, parse_execute
from tasker_core.wire.outgoing import MessageWriter, WorkerIdentity, timestamp
from tasker_core.worker.amqp import new_worker_id
from tasker_core.worker.job import RunControl
from tasker_core.worker.runner import Answer, StepRunner
from tasker_core.worker.settings import WorkerSettings
from tasker_core.worker.signals import SignalThread
from tasker_core.worker.subscribers import Subscribers

FIRST_HEARTBEAT = 1.0
READ_BYTES = 1 << 16


def claim_stdout() -> BinaryIO:
    """Move file descriptor 1 out of the way: what a handler or a child of it prints goes to stderr."""
    sys.stdout.flush()
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return out


def claim_stdin() -> BinaryIO:
    """Move file descriptor 0 out of the way: a handler, or a child of it like ssh, reads nothing instead of the next
    step's line.
    """
    source = os.fdopen(os.dup(0), "rb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return source


class StdioWorker:
    """Reads ``step.execute`` lines and writes ``step.heartbeat`` and ``step.result`` lines."""

    def __init__(self, settings: WorkerSettings, registry: HandlerRegistry, source: BinaryIO, out: BinaryIO) -> None:
        identity = WorkerIdentity(new_worker_id(settings.worker_id), f"tasker-python/{__version__}", settings.hostname)
        self._writer = MessageWriter(identity)
        self._runner = StepRunner(registry, self._writer)
        self._lines = _Lines(source)
        self._out = out
        self._lock = threading.Lock()
        self._control: RunControl | None = None
        self._stopping = False

    def run(self) -> int:
        """Serve until the input ends; 0 then, and also when the reader of the output has gone."""
        subscribers = Subscribers()
        subscribers.start()
        try:
            with SignalThread((signal.SIGTERM, signal.SIGINT), self._on_signal):
                while not self._stopping and (line := self._lines.read()):
                    if line.strip():
                        self._serve(line)
        except BrokenPipeError:
            # Nobody reads the answers any more; the interpreter's flush at exit must not fail on it either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())
        finally:
            subscribers.stop()
            self._lines.close()
        return 0

    def _on_signal(self, number: int) -> None:
        """The host cancels the running step with SIGTERM; between two steps it ends the process."""
        if self._stopping:
            os._exit(128 + number)
        self._stopping = True
        self._lines.stop()
        control = self._control
        if control is not None:
            control.request_stop("cancelled")

    def _serve(self, line: bytes) -> None:
        try:
            message = parse_execute(line)
        except Unreadable as error:
            print(f"unreadable line ({error.error_type}): {error.detail}", file=sys.stderr)  # noqa: T201
            known_id = error.dispatch_id if error.dispatch_id and is_uuid(error.dispatch_id) else None
            self._write(self._writer.invalid(known_id, error.error_type, error.detail, time.time()))
            return
        control = self._control = RunControl()
        if self._stopping:
            control.request_stop("cancelled")
        done = threading.Event()
        answers: list[Answer] = []

        def work() -> None:
            try:
                answers.append(self._runner.execute(message, control))
            finally:
                done.set()

        threading.Thread(target=work, name="tasker-slot-0", daemon=True).start()
        self._wait(message, control, done)
        self._control = None
        self._write(answers[0].body)
        action = answers[0].after_confirm
        if action is not None:
            action()

    def _wait(self, message: ExecuteMessage, control: RunControl, done: threading.Event) -> None:
        started = time.monotonic()
        beat_at = started + FIRST_HEARTBEAT
        stop_at = float("inf") if message.timeout is None else started + message.timeout
        sequence = 0
        while not done.wait(max(0.0, min(beat_at, stop_at) - time.monotonic())):
            now = time.monotonic()
            if now >= stop_at:
                stop_at = float("inf")
                control.request_stop("timeout")
            if now >= beat_at:
                beat_at = now + message.heartbeat_interval
                sequence += 1
                self._write(
                    self._writer.heartbeat(
                        message,
                        started_at=timestamp(control.started_wall),
                        sequence=sequence,
                        detached=False,
                        progress=control.progress,
                    )
                )

    def _write(self, body: bytes) -> None:
        with self._lock:
            self._out.write(body + b"\n")
            self._out.flush()


class _Lines:
    """Lines of the input, until it ends or another thread says that no more are wanted."""

    def __init__(self, source: BinaryIO) -> None:
        # Kept, as it would close the descriptor with itself.
        self._source = source
        self._descriptor = source.fileno()
        self._buffer = bytearray()
        self._searched = 0
        self._stopped, self._stop = socket.socketpair()
        self._selector = selectors.PollSelector()
        self._selector.register(self._descriptor, selectors.EVENT_READ)
        self._selector.register(self._stopped, selectors.EVENT_READ)

    def stop(self) -> None:
        """Let :meth:`read` end at once, now and later."""
        self._stop.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give back what it has made; the source stays open."""
        self._selector.close()
        self._stopped.close()
        self._stop.close()

    def read(self) -> bytes:
        """The next line with its line feed, or what is left of the input; empty at the end."""
        while (end := self._buffer.find(b"\n", self._searched)) < 0:
            self._searched = len(self._buffer)
            ready = {key.fileobj for key, _ in self._selector.select()}
            if self._stopped in ready:
                return b""
            chunk = os.read(self._descriptor, READ_BYTES)
            if not chunk:
                end = len(self._buffer) - 1
                break
            self._buffer += chunk
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        self._searched = 0
        return line

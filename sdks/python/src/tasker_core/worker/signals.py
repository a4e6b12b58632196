"""Signals on a thread of their own."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterable
from types import TracebackType


class SignalThread:
    """Calls ``on_signal(number)`` on a thread of its own, also while the main thread waits for something else.

    Python runs signal handlers in the main thread only, between two of its instructions. But the kernel may hand a
    signal to any thread, and then nothing interrupts a main thread that waits on a lock or reads: SIGTERM would be
    heard with the next line of input, or never. The byte that the interpreter writes for each signal comes whichever
    thread was hit (``signal.set_wakeup_fd``).

    Used as a context manager, in the main thread: what was in place before comes back at the end, and in processes that
    handlers fork.
    """

    def __init__(self, numbers: Iterable[int], on_signal: Callable[[int], None]) -> None:
        self._numbers = frozenset(numbers)
        self._on_signal = on_signal
        self._reader, self._writer = socket.socketpair()
        # Required of a wake-up descriptor: a full pipe must not hold up a signal handler.
        self._writer.setblocking(False)
        self._previous: dict[int, object] = {}
        self._previous_fd = -1
        self._thread = threading.Thread(target=self._serve, name="tasker-signals", daemon=True)

    def __enter__(self) -> SignalThread:
        self._previous_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._previous = {number: signal.signal(number, _heard) for number in self._numbers}
        self._thread.start()
        os.register_at_fork(after_in_child=self._leave_to_parent)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()
        self._writer.close()
        self._thread.join()
        self._reader.close()

    def _restore(self) -> None:
        previous, self._previous = self._previous, {}
        if previous:
            for number, handler in previous.items():
                signal.signal(number, handler)  # type: ignore[arg-type]
            signal.set_wakeup_fd(self._previous_fd)

    def _leave_to_parent(self) -> None:
        """A signal to a forked process would be taken for one to this process: both hold the same socket."""
        self._restore()
        self._writer.close()
        self._reader.close()

    def _serve(self) -> None:
        while numbers := self._reader.recv(64):
            for number in numbers:
                # Handlers of other signals write their numbers, too.
                if number in self._numbers:
                    self._on_signal(number)


def _heard(_number: int, _frame: object) -> None:
    """Only a handler makes the interpreter write the byte."""

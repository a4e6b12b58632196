"""Threads that run handlers, one per slot."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from tasker_core.wire.execute import ExecuteMessage
from tasker_core.worker.job import Job, RunControl
from tasker_core.worker.runner import Answer, StepRunner


class SlotThreads:
    """Threads start with the first jobs, up to the number of slots, and are daemons: a handler that hangs cannot keep
    the process alive after the grace period.
    """

    def __init__(self, slots: int, runner: StepRunner, deliver: Callable[[Job, Answer], None]) -> None:
        self._slots = slots
        self._runner = runner
        self._deliver = deliver
        self._work: queue.SimpleQueue[tuple[Job, ExecuteMessage, RunControl] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def start(self, job: Job) -> None:
        """Run the job's handler; ``deliver`` is called from a slot thread when it is done."""
        assert job.message is not None
        assert job.control is not None
        self._work.put((job, job.message, job.control))
        if len(self._threads) < self._slots:
            thread = threading.Thread(target=self._serve, name=f"tasker-slot-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self) -> None:
        while True:
            work = self._work.get()
            if work is None:
                return
            job, message, control = work
            self._deliver(job, self._runner.execute(message, control))

    def close(self) -> None:
        """Let idle threads end."""
        for _ in self._threads:
            self._work.put(None)

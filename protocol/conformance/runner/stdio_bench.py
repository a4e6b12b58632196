"""The bench over stdin and stdout."""

from __future__ import annotations

import json
import time
from typing import Any

from runner.bench import Bench
from runner.dispatches import Dispatch
from runner.errors import ScenarioFailed
from runner.judge import Received


class StdioBench(Bench):
    """Section 7: one line in, heartbeats and one result out."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._read: dict[str, int] = {}

    def listen(self) -> None:
        time.sleep(0.005)
        for name, worker in self.workers.items():
            lines = worker.lines
            while (number := self._read.get(name, 0)) < len(lines):
                self._read[name] = number + 1
                self._line(lines[number])

    def _line(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        if not isinstance(message, dict) or not line.endswith(b"\n"):
            raise ScenarioFailed(f"the worker wrote a line to stdout that is no message: {line[:200]!r}")
        self.take_in(Received(message, len(line)))

    def deliver(self, dispatch: Dispatch, operation: dict[str, Any]) -> None:
        if "message" not in operation:
            dispatch.write("stdout", operation.get("append"))
        self._worker().write(dispatch.body)

    def _worker(self) -> Any:
        return self.workers[next(iter(self.workers))]

    def do_send_raw(self, operation: dict[str, Any]) -> None:
        self._worker().write(operation["text"].encode())

    def do_close_input(self, operation: dict[str, Any]) -> None:
        self.worker(operation).close_input()

    def do_stop_worker(self, operation: dict[str, Any]) -> None:
        self.do_close_input(operation)
        self.do_expect_exit({**operation, "code": 0})

"""A worker in a process of its own, with its output collected."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from support.waiting import eventually

TESTS = Path(__file__).resolve().parents[1]
SOURCE = TESTS.parent / "src"


def clean_environment(**environment: str) -> dict[str, str]:
    """Without settings of the caller, with the source tree importable."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("TASKER_", "RABBITMQ_"))}
    return {**kept, "PYTHONPATH": os.pathsep.join((str(SOURCE), str(TESTS))), **environment}


class WorkerProcess:
    """``python -m tasker_core.worker`` with the handlers of the tests."""

    def __init__(self, *arguments: str, modules: tuple[str, ...] = ("support.handlers",), **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tasker_core.worker", *modules, *arguments],
            env=clean_environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=TESTS,
            text=True,
        )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.append(line)

    @property
    def output(self) -> str:
        return "".join(self._lines)

    def wait_for(self, text: str, count: int = 1, timeout: float = 30) -> None:
        """Until the output holds ``text`` that many times."""

        def seen() -> bool:
            if self.output.count(text) >= count:
                return True
            assert self.process.poll() is None, f"the worker ended with {self.process.returncode}:\n{self.output}"
            return False

        eventually(seen, f"{text!r} in the worker's output", timeout, self.describe)

    def describe(self) -> str:
        return f"output of the worker:\n{self.output}"

    def wait_ready(self) -> None:
        self.wait_for("ready: worker")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self, timeout: float = 60) -> int:
        """The exit code."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the worker did not end within {timeout} s\n{self.describe()}") from None
        self._reader.join(5)
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(5)
        if self.process.stdout is not None:
            self.process.stdout.close()

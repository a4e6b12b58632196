"""A worker process: its end, what it writes to stderr, and its lines when it speaks over stdin and stdout."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from pathlib import Path

from runner.errors import RunnerError, ScenarioFailed


class WorkerProcess:
    """The command under test, started once. Its own process group, so that nothing of it survives the scenario."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path, stdio: bool) -> None:
        self._log_path = log
        pipe = subprocess.PIPE if stdio else subprocess.DEVNULL
        with log.open("wb") as errors:
            try:
                self._process = subprocess.Popen(
                    command,
                    env=environment,
                    stdin=pipe,
                    stdout=subprocess.PIPE if stdio else errors,
                    stderr=errors,
                    start_new_session=True,
                )
            except OSError as error:
                raise RunnerError(f"the command cannot be started: {command[0]}: {error.strerror}") from None
        self.lines: list[bytes] = []
        self.output_ended = not stdio
        if stdio:
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line)
        self.output_ended = True

    @property
    def code(self) -> int | None:
        """The exit status (minus the signal that ended it), None while it runs."""
        return self._process.poll()

    @property
    def stderr(self) -> str:
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    def write(self, line: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise ScenarioFailed("the worker no longer reads its standard input") from None

    def close_input(self) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass

    def signal(self, name: str) -> None:
        """Send SIG<name> to the process alone."""
        self._process.send_signal(getattr(signal, f"SIG{name}"))

    def end(self) -> None:
        """Kill what is left of the process group."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None and not stream.closed:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass

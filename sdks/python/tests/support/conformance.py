"""The conformance runner as a process beside the other tests, for most of its time is waiting."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from support.process import SOURCE, TESTS, clean_environment

RUNNER = Path(__file__).resolve().parents[4] / "protocol" / "conformance" / "run"


class ConformanceRun:
    """One run of ``protocol/conformance/run``, started at once; with this SDK's worker when no command is given."""

    def __init__(self, transport: str, command: list[str] | None = None, only: tuple[str, ...] = ()) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tasker-sdk-conformance-")
        self._report = Path(self._folder.name) / "report.json"
        self._output = (Path(self._folder.name) / "output").open("w+")
        own = [sys.executable, "-m", "tasker_core.worker", "conformance.handlers", "--transport", transport]
        chosen = [argument for name in only for argument in ("--only", name)]
        self._process = subprocess.Popen(
            [
                *(sys.executable, RUNNER, "--transport", transport, "--report", self._report),
                *(*chosen, "--", *(command or own)),
            ],
            env=clean_environment(PYTHONPATH=f"{SOURCE}:{TESTS.parent}"),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            cwd=TESTS.parent,
        )

    def wait(self, timeout: float = 900) -> tuple[int, str, Path]:
        """Exit status, what it printed, the report."""
        code = self._process.wait(timeout)
        self._output.seek(0)
        return code, self._output.read(), self._report

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        self._output.close()
        self._folder.cleanup()

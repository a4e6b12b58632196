"""The broker: a private node that scenarios may stop and block, or one that is only used."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from runner.dispatches import FOLDER
from runner.errors import RunnerError

SCRIPT = FOLDER.parent.parent / "scripts" / "rabbitmq"


class Node:
    """A private RabbitMQ node, started and removed with this object; or the one in a given folder, which stays."""

    def __init__(self, folder: Path | None = None) -> None:
        self._is_kept = folder is not None
        self._folder = folder or Path(tempfile.mkdtemp(prefix="tasker-conformance-"))
        self.url = ""
        self.start()

    def start(self) -> None:
        """Start it, also after :meth:`stop`; on the same port with the same data."""
        self.url = (
            self._run("start", *([] if self._is_kept else ["--owner", str(os.getpid())])).strip().splitlines()[-1]
        )
        # A quorum queue counts its unacknowledged deliveries for others only now and then; 5 s would be waited for.
        self.ctl("eval", "application:set_env(rabbit, quorum_tick_interval, 200).")

    def stop(self) -> None:
        self._run("stop")

    def block(self) -> None:
        """Let the broker say that it is out of memory: it stops reading from connections that publish."""
        self.ctl("set_vm_memory_high_watermark", "0")

    def unblock(self) -> None:
        self.ctl("set_vm_memory_high_watermark", "0.4")

    def ctl(self, *arguments: str) -> str:
        """Output of `rabbitmqctl`."""
        return self._run("ctl", *arguments)

    def remove(self) -> None:
        if self._is_kept:
            return
        try:
            self._run("stop")
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, command: str, *arguments: str) -> str:
        if not SCRIPT.is_file():
            raise RunnerError(f"{SCRIPT} is missing: run this inside the repository")
        line = [str(SCRIPT), command, "--dir", str(self._folder), *arguments]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RunnerError(f"the private broker: {command} failed: {done.stderr.strip()}")
        return done.stdout

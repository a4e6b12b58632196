"""What the tests of the repository's scripts share."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(
    *command: str | Path, env: dict[str, str] | None = None, cwd: Path = ROOT, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end; `env` is added to this process's environment."""
    return subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **(env or {})},
        cwd=cwd,
        timeout=timeout,
        capture_output=True,
        text=True,
        check=False,
    )


def eventually(condition: Callable[[], bool], seconds: float = 30) -> bool:
    """Polls a condition until it holds; false when the deadline passes first."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def processes_naming(text: str) -> list[str]:
    """The command lines of running processes whose command line or environment contains a text."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (entry / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if text in command or text in environment:
            found.append(command)
    return found


@pytest.fixture
def node_dir(tmp_path: Path) -> Iterator[Path]:
    """A directory for a private node, with a space in its name; the node is stopped afterwards."""
    directory = tmp_path / "a node"
    yield directory
    run(ROOT / "scripts/rabbitmq", "kill", "--dir", directory)

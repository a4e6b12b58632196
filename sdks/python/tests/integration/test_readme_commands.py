"""The README's commands run as printed, and their output looks as printed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.broker import Desk
from support.messages import body, execute
from support.process import clean_environment
from support.waiting import eventually

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
RUN_IT = README.split("\n## Run it\n")[1].split("\n## ")[0]
CONSOLE = re.findall(r"```console\n(.*?)```", RUN_IT, re.DOTALL)
ITEMS = {"items": [{"price": 3, "quantity": 2}]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The reader's folder: the handler of the README."""
    (tmp_path / "app").mkdir()
    handler = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    (tmp_path / "app" / "handlers.py").write_text(handler)
    return tmp_path


def environment(**variables: str) -> dict[str, str]:
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return clean_environment(PATH=path, **variables)


def shape(line: str) -> str:
    """A line without what differs from run to run."""
    line = re.sub(r"^\S+Z ", "T ", line)
    for pattern, text in (
        (r"worker \S+", "worker W"), (r"in \d+ ms", "in N ms"), (r"task=\S+", "task=U"), (r" trace_id=\w+", ""),
    ):  # fmt: skip
        line = re.sub(pattern, text, line)
    return line


@pytest.mark.broker
def test_the_worker_on_a_broker(desk: Desk, folder: Path) -> None:
    command, *printed = CONSOLE[0].splitlines()
    output = folder / "output"
    with output.open("w") as file:
        process = subprocess.Popen(
            ["sh", "-c", "exec " + command.removeprefix("$ ")],
            cwd=folder,
            env=environment(**desk.environment),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        eventually(lambda: "ready: worker" in output.read_text(), "the worker", describe=output.read_text)
        desk.send(execute("validate_order", ITEMS), "ecommerce")
        assert desk.result()["result"] == {"total": 6}
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        desk.call(lambda channel: channel.queue_delete(desk.names.steps("ecommerce")))
    seen = {shape(line) for line in output.read_text().splitlines()}
    assert printed
    for line in printed:
        assert shape(line).replace("tasker.steps", f"{desk.prefix}.steps") in seen, output.read_text()


def test_the_worker_without_a_broker(folder: Path) -> None:
    (folder / "steps.jsonl").write_bytes(body(execute("validate_order", ITEMS)) + b"\n")
    [command] = CONSOLE[1].splitlines()
    done = subprocess.run(
        ["sh", "-c", command.removeprefix("$ ")],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["result"] == {"total": 6}

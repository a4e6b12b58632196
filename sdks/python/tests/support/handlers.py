"""Handlers of the integration tests; a worker process loads this module."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tasker_core import PermanentError, StepContext, StepHandler, log_info


def note(context: StepContext, what: str) -> None:
    """Leave a trace that survives the process: one line per event in the file of the step."""
    folder = context.get_input("notes")
    if folder:
        with (Path(folder) / str(context.step_uuid)).open("a") as file:
            file.write(f"{what} {os.getpid()}\n")


class Echo(StepHandler):
    handler_name = "echo"
    handler_version = "1.2.3"

    def call(self, context: StepContext) -> dict[str, Any]:
        note(context, "start")
        print("a handler may print")  # noqa: T201
        log_info("a handler may log", {"step": "its own", "n": 1})
        return {"echo": context.input_data, "from": sorted(context.dependency_results)}

    def twice(self, context: StepContext) -> dict[str, Any]:
        return {"twice": context.get_input("n") * 2}


class Gate(StepHandler):
    """Runs until the file ``gate`` exists, or until it sees that it is cancelled when it is ``polite``."""

    handler_name = "gate"

    def call(self, context: StepContext) -> dict[str, Any]:
        note(context, "start")
        gate = Path(context.get_input("gate"))
        while not gate.exists():
            if context.get_input("polite"):
                context.raise_if_cancelled()
            time.sleep(0.01)
        note(context, "end")
        return {"passed": True}


class AsyncGate(StepHandler):
    handler_name = "async_gate"

    async def call(self, context: StepContext) -> dict[str, Any]:
        note(context, "start")
        await asyncio.create_task(self._log())
        gate = Path(context.get_input("gate"))
        while not gate.exists():
            await asyncio.sleep(0.01)
        return {"passed": True}

    async def _log(self) -> None:
        log_info("a task may log")


class Crash(StepHandler):
    handler_name = "crash"

    def call(self, context: StepContext) -> None:
        note(context, "start")
        os._exit(3)


class Refuse(StepHandler):
    handler_name = "refuse"

    def call(self, context: StepContext) -> None:
        raise PermanentError("order 7 has no items", error_code="EMPTY_ORDER")


class Busy(StepHandler):
    """Computes without a pause: the interpreter is never idle."""

    handler_name = "busy"

    def call(self, context: StepContext) -> dict[str, Any]:
        until = time.monotonic() + float(context.get_input("seconds"))
        count = 0
        while time.monotonic() < until:
            count += sum(range(200))
        return {"count": count}


class ReadsInput(StepHandler):
    """Reads its standard input, by itself and in a child, as ssh and ffmpeg do."""

    handler_name = "reads_input"

    def call(self, context: StepContext) -> dict[str, Any]:
        child = subprocess.run(["cat"], capture_output=True, check=True)
        return {"child": child.stdout.decode(), "own": sys.stdin.read()}

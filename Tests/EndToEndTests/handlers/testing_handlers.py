"""Python twins of the Swift test handlers (``tasker-example-worker --testing``), under names of their own."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

from tasker_core import PermanentError, StepContext, StepHandler, StepHandlerResult


def setting(context: StepContext, name: str, default: Any = None) -> Any:
    """A key of ``handler.initialization``, else of the task's context."""
    value = context.get_config(name)
    return context.get_input_or(name, default) if value is None else value


def pause(context: StepContext) -> None:
    """Sleeps as long as ``milliseconds`` says, or until somebody wants the step to stop."""
    until = time.monotonic() + int(setting(context, "milliseconds", 0)) / 1000
    while (left := until - time.monotonic()) > 0:
        context.raise_if_cancelled()
        time.sleep(min(left, 0.05))


def record(context: StepContext) -> None:
    """One line ``<step_uuid> <attempt> <dispatch_id> <pid>`` per start, in one write."""
    line = f"{context.step_uuid} {context.retry_count + 1} {context.event.event_id} {os.getpid()}\n"
    descriptor = os.open(setting(context, "record_path"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


class Echo(StepHandler):
    handler_name = "python.echo"

    def call(self, context: StepContext) -> StepHandlerResult:
        return self.success(context.input_data)


class Noop(StepHandler):
    handler_name = "python.noop"

    def call(self, context: StepContext) -> StepHandlerResult:
        return self.success({})


class Sleep(StepHandler):
    handler_name = "python.sleep"

    def call(self, context: StepContext) -> StepHandlerResult:
        pause(context)
        return self.success({"slept_ms": setting(context, "milliseconds", 0)})


class Fail(StepHandler):
    handler_name = "python.fail"

    def call(self, context: StepContext) -> StepHandlerResult:
        if context.retry_count >= int(setting(context, "times", sys.maxsize)):
            return self.success({"attempts": context.retry_count + 1})
        message = setting(context, "message", "failed on purpose")
        if not setting(context, "retryable", True):
            raise PermanentError(message)
        raise RuntimeError(message)


class Record(StepHandler):
    handler_name = "python.record"

    def call(self, context: StepContext) -> StepHandlerResult:
        record(context)
        pause(context)
        if setting(context, "kill", False) and context.retry_count < int(
            setting(context, "kill_attempts", sys.maxsize)
        ):
            os.kill(os.getpid(), signal.SIGKILL)
        return self.success({"attempt": context.retry_count + 1})


class Payload(StepHandler):
    """A result of ``kilobytes`` KiB."""

    handler_name = "python.payload"

    def call(self, context: StepContext) -> StepHandlerResult:
        return self.success({"filler": "x" * (int(setting(context, "kilobytes", 1)) * 1024)})


class Join(StepHandler):
    """How long the fillers of all ancestors are, by step."""

    handler_name = "python.join"

    def call(self, context: StepContext) -> StepHandlerResult:
        names = context.get_dependency_result_keys()
        return self.success({name: len(context.get_dependency_field(name, "filler") or "") for name in names})


_LONG_NAME = "Größe::Modul.Ünïcode::日本語."


class LongName(StepHandler):
    """A callable of 300 characters, with everything a name of some language may hold."""

    handler_name = _LONG_NAME + "x" * (300 - len(_LONG_NAME))

    def call(self, context: StepContext) -> StepHandlerResult:
        return self.success({"characters": len(self.handler_name)})

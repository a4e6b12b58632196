"""The contract handlers of ``protocol/conformance/handlers.json``, which says what each of them answers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from conformance.unserializable import value_of_kind
from tasker_core import (
    Batchable,
    PermanentError,
    RetryableError,
    StepContext,
    StepEventContext,
    StepHandler,
    StepHandlerResult,
)
from tasker_core.domain_events import BasePublisher, PublisherRegistry
from tasker_core.step_handler.mixins import DecisionMixin


def trace(context: StepContext, callable_name: str) -> None:
    """One line per start: the runner counts them."""
    path = context.get_input("trace")
    if isinstance(path, str):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{callable_name}\n")


class Echo(StepHandler):
    handler_name = "conformance.echo"

    def call(self, context: StepContext) -> dict[str, Any]:
        trace(context, self.handler_name)
        names = context.get_dependency_result_keys()
        return {
            "context": context.input_data,
            "inputs": context.step_inputs,
            "config": context.step_config,
            "dependencies": {name: context.get_dependency_result(name) for name in names},
            "retry_count": context.retry_count,
            "max_retries": context.max_retries,
            "is_retry": context.is_retry(),
            "is_last_retry": context.is_last_retry(),
            "checkpoint": context.checkpoint or None,
        }


class Add(StepHandler):
    handler_name = "conformance.add"

    def call(self, context: StepContext) -> dict[str, Any]:
        total = context.get_input("a") + context.get_input("b")
        for name in context.get_dependency_result_keys():
            total += context.get_dependency_field(name, "sum") or 0
        return {"sum": total}


class FailRetryable(StepHandler):
    handler_name = "conformance.fail_retryable"

    def call(self, context: StepContext) -> StepHandlerResult:
        raise RetryableError(context.get_input_or("message", "try again") * context.get_input_or("times", 1))


class FailPermanent(StepHandler):
    handler_name = "conformance.fail_permanent"

    def call(self, context: StepContext) -> StepHandlerResult:
        raise PermanentError(context.get_input_or("message", "never again"))


class FailReturned(StepHandler):
    handler_name = "conformance.fail_returned"

    def call(self, context: StepContext) -> StepHandlerResult:
        return self.failure(
            context.get_input("message"),
            context.get_input("error_type"),
            retryable=context.get_input("retryable"),
            metadata=context.get_input("metadata"),
            error_code=context.get_input("error_code"),
        )


class Raise(StepHandler):
    handler_name = "conformance.raise"

    def call(self, context: StepContext) -> StepHandlerResult:
        raise RuntimeError(context.get_input("message"))


class RetryAfter(StepHandler):
    handler_name = "conformance.retry_after"

    def call(self, context: StepContext) -> StepHandlerResult:
        raise RetryableError("later", retry_after=context.get_input("seconds"))


class Slow(StepHandler):
    handler_name = "conformance.slow"

    def call(self, context: StepContext) -> dict[str, Any]:
        trace(context, self.handler_name)
        if context.get_input("progress"):
            context.report_progress(1, 2, "half")
        gate = context.get_input("gate")
        end = time.monotonic() + context.get_input_or("milliseconds", 0) / 1000
        while not Path(gate).exists() if isinstance(gate, str) else time.monotonic() < end:
            if context.get_input("polite"):
                context.raise_if_cancelled()
            if context.get_input("compute"):
                sum(range(100_000))
            else:
                time.sleep(0.01)
        return {"finished": True, "cancelled": context.cancelled}


class Checkpoint(StepHandler, Batchable):
    handler_name = "conformance.checkpoint"

    def call(self, context: StepContext) -> StepHandlerResult:
        total, pad = context.get_input("total"), context.get_input("pad")
        start = context.checkpoint_cursor or 0
        end = min(start + context.get_input("portion"), total)
        summed = (context.accumulated_results or {}).get("sum", 0) + sum(range(start, end))
        if end == total:
            return self.success({"sum": summed, "items_processed": total})
        carried: dict[str, Any] = {"sum": summed}
        if pad is not None:
            carried["pad"] = "x" * pad
        return self.checkpoint_yield(cursor=end, items_processed=end, accumulated_results=carried)


class Decision(DecisionMixin, StepHandler):
    handler_name = "conformance.decision"

    def call(self, context: StepContext) -> StepHandlerResult:
        steps = context.get_input_or("steps", [])
        if not steps:
            return self.skip_branches("nothing to choose")
        return self.decision_success(steps, routing_context={"chosen": len(steps)})


class Batch(StepHandler, Batchable):
    handler_name = "conformance.batch"

    def call(self, context: StepContext) -> StepHandlerResult:
        return self.batch_analyzer_success(
            self.create_batch_outcome(context.get_input("total"), context.get_input("size"))
        )


class BatchWorker(StepHandler, Batchable):
    handler_name = "conformance.batch_worker"

    def call(self, context: StepContext) -> StepHandlerResult:
        no_op = self.handle_no_op_worker(context)
        if no_op is not None:
            return no_op
        batch = self.get_batch_worker_context(context)
        if batch is None:
            raise PermanentError("the step has no cursor")
        return self.batch_worker_success(
            batch, result={"batch_id": batch.batch_id, "rows": batch.end_cursor - batch.start_cursor}
        )


class BigResult(StepHandler):
    handler_name = "conformance.big_result"

    def call(self, context: StepContext) -> dict[str, Any]:
        return {"data": context.get_input_or("text", "x") * context.get_input("times")}


class Unserializable(StepHandler):
    handler_name = "conformance.unserializable"

    def call(self, context: StepContext) -> dict[str, Any]:
        return {"value": value_of_kind(context.get_input("kind"))}


class Methods(StepHandler):
    handler_name = "conformance.methods"

    def call(self, context: StepContext) -> dict[str, Any]:
        return {"method": "call"}

    def other(self, context: StepContext) -> dict[str, Any]:
        return {"method": "other"}


class Print(StepHandler):
    handler_name = "conformance.print"

    def call(self, context: StepContext) -> dict[str, Any]:
        text = context.get_input("text")
        print(text, flush=True)  # noqa: T201
        os.write(1, f"{text}\n".encode())
        sys.__stdout__.write(f"{text}\n")  # type: ignore[union-attr]
        subprocess.run(["printf", "%s\\n", text], check=True)
        return {"printed": text}


class Event(StepHandler):
    handler_name = "conformance.event"

    def call(self, context: StepContext) -> dict[str, Any]:
        return {key: context.get_input(key) for key in ("amount", "suppress", "pad")}


class Publisher(BasePublisher):
    @property
    def publisher_name(self) -> str:
        return "conformance.publisher"

    def should_publish(self, ctx: StepEventContext) -> bool:
        return not (ctx.result or {}).get("suppress")

    def transform_payload(self, ctx: StepEventContext) -> dict[str, Any]:
        result = ctx.result or {}
        payload = {"amount": result.get("amount"), "made_by": self.publisher_name}
        if isinstance(result.get("pad"), int):
            payload["pad"] = "x" * result["pad"]
        return payload


class Exit(StepHandler):
    handler_name = "conformance.exit"

    def call(self, context: StepContext) -> StepHandlerResult:
        sys.exit(3)


class Crash(StepHandler):
    handler_name = "conformance.crash"

    def call(self, context: StepContext) -> StepHandlerResult:
        trace(context, self.handler_name)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("the process outlived SIGKILL")


PublisherRegistry.instance().register(Publisher())

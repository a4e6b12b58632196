"""Everything a worker sends satisfies the schemas for senders in ``protocol/schemas/sent``."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from support.machine import WRITER, Bench
from support.messages import body, execute
from tasker_core.handler import HandlerRegistry
from tasker_core.step_handler import StepHandler
from tasker_core.types import StepContext
from tasker_core.wire.execute import parse_execute
from tasker_core.worker.announcer import Announcer
from tasker_core.worker.job import Publication, RunControl
from tasker_core.worker.runner import StepRunner

SCHEMAS = Path(__file__).resolve().parents[4] / "protocol" / "schemas"


@lru_cache
def registry() -> Any:
    resources = [
        Resource.from_contents(json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(SCHEMAS.rglob("*.schema.json"))
    ]
    assert resources, f"the schemas are missing: {SCHEMAS}"
    found: Any = Registry().with_resources((resource.id() or "", resource) for resource in resources)
    return found


def check(message: bytes | dict[str, Any]) -> dict[str, Any]:
    value = json.loads(message) if isinstance(message, bytes) else message
    path = SCHEMAS / "sent" / f"{value['kind']}.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    errors = [error.message for error in Draft202012Validator(schema, registry=registry()).iter_errors(value)]
    assert errors == [], errors
    found: dict[str, Any] = value
    return found


class Mixed(StepHandler):
    handler_name = "mixed"

    def call(self, context: StepContext) -> Any:
        match context.get_input("do"):
            case "raise":
                raise RuntimeError("broken\x00 \ud800" + "x" * 20_000)
            case "fail":
                return self.failure("no", "card_declined", retryable=True, metadata={"retry_after": 9})
            case "nan":
                return {"n": float("nan")}
            case "big":
                return {"text": "x" * 3000}
            case "checkpoint":
                return self.success({"cursor": 5, "items_processed": 5}, {"checkpoint_yield": True})
            case "list":
                return [1]
            case "metadata":
                return self.success({"a": 1}, metadata={"object": object()})
        return {"done": True}


@pytest.mark.parametrize(
    ("what", "status", "error_type"),
    [
        ("succeed", "completed", None),
        ("raise", "failed", "RuntimeError"),
        ("fail", "failed", "card_declined"),
        ("nan", "failed", "serialization_error"),
        ("big", "failed", "result_too_large"),
        ("checkpoint", "checkpoint", None),
        ("list", "failed", "handler_error"),
        ("metadata", "failed", "serialization_error"),
    ],
)
def test_results(what: str, status: str, error_type: str | None) -> None:
    handlers = HandlerRegistry()
    handlers.register("mixed", Mixed)
    message = parse_execute(body(execute("mixed", {"do": what}, limits={"max_result_bytes": 2048})))
    sent = check(StepRunner(handlers, WRITER).execute(message, RunControl()).body)
    assert sent["status"] == status
    assert (sent["error"] or {}).get("error_type") == error_type


def test_abandoned_invalid_heartbeats_and_questions() -> None:
    bench = Bench(slots=3)
    bench.unknown_handlers = {"Missing"}
    bench.deliver(redelivered=True, delivery_count=2)
    bench.deliver(execute("Missing"))
    bench.deliver(b"{}", message_id="m", reply_to="r")
    bench.deliver(execute(dependency_results_omitted={"count": 1, "bytes": 1}))
    bench.deliver(execute(limits={"ack_deadline_ms": 1500}))
    control = bench.started[0].control
    assert control is not None
    control.progress = (1, None, None)
    bench.advance(2)
    bench.machine.drain(bench.now, grace=1)
    bench.advance(2)
    kinds = {check(publication.body)["kind"] for publication in bench.sent if publication.type}
    assert kinds == {"step.result", "step.heartbeat", "step.fetch"}


def test_worker_messages() -> None:
    sent: list[Publication] = []
    announcer = Announcer(
        WRITER,
        sent.append,
        workers_queue="tasker.workers",
        members=lambda: {
            "queues": ["default"],
            "namespaces": ["default"],
            "handlers": [{"callable": "mixed", "version": "1.0.0"}, {"callable": "by_resolver", "version": None}],
            "any_handler": False,
            "slots": 4,
        },
        activity=lambda: {"running": [], "processed_total": 1, "failed_total": 0, "status": "active"},
        wall=lambda: 1_700_000_000.0,
        on_ready=lambda: None,
    )
    announcer.connected(0)
    announcer.confirmed(sent[-1], 0)
    announcer.tick(15)
    announcer.bye("SIGTERM", 16, lambda: None)
    assert [check(publication.body)["kind"] for publication in sent] == [
        "worker.hello",
        "worker.heartbeat",
        "worker.bye",
    ]
    assert {publication.routing_key for publication in sent} == {"tasker.workers"}
    assert not any(publication.persistent for publication in sent)

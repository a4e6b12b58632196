"""What the SDK contract expects of its examples P1 to P6."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from support import contract_examples as examples
from tasker_core import HandlerRegistry
from tasker_core.testing import call_handler, run_step


def test_p1_permanent_and_retryable() -> None:
    handler = examples.ReserveSeatHandler
    error = run_step(handler, input={"seats": 0})["error"]
    assert (error["retryable"], error["error_code"]) == (False, "BAD_SEATS")
    locked = run_step(handler, dependencies={"find_room": {"locked": True}})["error"]
    assert (locked["retryable"], locked["retry_after_seconds"]) == (True, 7)
    sent = run_step(handler, dependencies={"find_room": {"id": 3}}, attempt=3)
    assert sent["result"] == {"room": 3, "seats": 1}
    assert sent["metadata"]["last_try"] is True
    registry = HandlerRegistry()
    registry.discover_handlers(examples)
    for name in ("reserve_seat", "ReserveSeatHandler", "support.contract_examples.ReserveSeatHandler"):
        assert registry.is_registered(name)


def test_p2_functional_with_a_model() -> None:
    rates = {"load_rates": {"per_kg": {"home": 2, "far": 5}}}
    sent = run_step(examples.quote_shipping, input={"weight_kg": 1.5}, dependencies=rates, attempt=2)
    assert sent["result"] == {"price": 3.0, "attempt": 1}
    assert run_step(examples.quote_shipping, dependencies=rates)["error"]["error_type"] == "handler_error"


def test_p3_two_methods() -> None:
    assert run_step(examples.LedgerHandler, input={"amount": 4})["result"] == {"booked": 4}
    assert run_step(examples.LedgerHandler, input={"amount": 4}, method="refund")["result"] == {"booked": -4}


def test_p4_decision() -> None:
    routed = run_step(examples.triage, input={"score": 90})["result"]
    assert routed["decision_point_outcome"] == {"type": "create_steps", "step_names": ["escalate"]}
    assert routed["routing_context"] == {"score": 90}
    skipped = run_step(examples.triage)["result"]
    assert skipped == {"decision_point_outcome": {"type": "no_branches"}, "reason": "no score"}


def test_p4_analyzer() -> None:
    named = run_step(examples.split_rows, input={"rows": 100}, worker_template_names=["work"])["result"]
    outcome = named["batch_processing_outcome"]
    assert [(c["start_cursor"], c["end_cursor"]) for c in outcome["cursor_configs"]] == [(0, 40), (40, 80), (80, 100)]
    assert [c["batch_id"] for c in outcome["cursor_configs"]] == ["001", "002", "003"]
    assert outcome["worker_template_name"] == "work"
    direct = call_handler(examples.split_rows, input={"rows": 100}).result["batch_processing_outcome"]
    assert "worker_template_name" not in direct
    empty = run_step(examples.split_rows, input={"rows": 0})["result"]
    assert empty["batch_processing_outcome"] == {"type": "no_batches"}


def test_p5_checkpoints() -> None:
    inputs = {"cursor": {"batch_id": "001", "start_cursor": 0, "end_cursor": 25, "batch_size": 25}}
    checkpoint: dict[str, Any] | None = None
    seen = []
    while True:
        sent = run_step(examples.SumRange, step_inputs=inputs, checkpoint=checkpoint)
        seen.append(sent["status"])
        if sent["status"] != "checkpoint":
            break
        assert sent["result"] is None
        checkpoint = sent["checkpoint"]
    assert seen == ["checkpoint", "checkpoint", "completed"]
    assert sent["result"] == {"total": 300}
    no_op = run_step(examples.SumRange, step_inputs={"is_no_op": True, "cursor": {"batch_id": "000"}})["result"]
    assert (no_op["batch_id"], no_op["no_op"], no_op["processed_count"]) == ("000", True, 0)


@pytest.mark.parametrize(
    ("status", "error_type", "retryable", "wait"),
    [(503, "service_unavailable", True, 12), (501, "server_error", True, 12), (404, "not_found", False, None)],
)
def test_p6_functional_api_handler(status: int, error_type: str, retryable: bool, wait: int | None) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, headers={"Retry-After": "12"}))
    handler = examples.fetch_rate._handler_class()  # type: ignore[attr-defined]
    handler._client = httpx.Client(transport=transport, base_url="http://rates.test")
    sent = run_step(handler, input={"currency": "EUR"})
    assert (sent["error"]["error_type"], sent["error"]["retryable"]) == (error_type, retryable)
    assert sent["error"].get("retry_after_seconds") == wait

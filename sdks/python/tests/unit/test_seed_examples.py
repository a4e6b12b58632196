"""The Python examples of the handler types page run verbatim, in page order and in one namespace."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tasker_core.step_handler import StepHandler
from tasker_core.testing import run_step

PAGE = Path(__file__).resolve().parents[1] / "fixtures" / "handler-types.txt"
HANDLERS = {
    "ProcessPaymentHandler",
    "FetchOrderHandler",
    "OrderRoutingHandler",
    "CsvAnalyzerHandler",
    "CsvBatchProcessorHandler",
    "CsvResultsAggregatorHandler",
}


def python_blocks(text: str) -> list[str]:
    """Runs of lines that begin with an import or a class and go on while they are blank, indented or the same."""
    blocks: list[list[str]] = []
    inside = False
    for line in text.splitlines():
        starts = line.startswith(("from ", "import ", "class "))
        if starts or (inside and (not line.strip() or line.startswith(" "))):
            if not inside:
                blocks.append([])
            inside = True
            blocks[-1].append(line)
        else:
            inside = False
    sources = ["\n".join(block) for block in blocks]
    return [source for source in sources if _is_python(source)]


def _is_python(source: str) -> bool:
    try:
        return bool(ast.parse(source).body)
    except SyntaxError:
        return False


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "seed_page"}
    for block in python_blocks(PAGE.read_text(encoding="utf-8")):
        exec(compile(block, str(PAGE), "exec"), namespace)
    return namespace


def test_the_page_holds_every_example(page: dict[str, Any]) -> None:
    found = {
        name
        for name, value in page.items()
        if isinstance(value, type) and issubclass(value, StepHandler) and value.__module__ == "seed_page"
    }
    assert found == HANDLERS


def test_step_handler(page: dict[str, Any]) -> None:
    sent = run_step(page["ProcessPaymentHandler"], input={"amount": 5})
    assert sent["result"] == {"processed": True, "handler": "process_payment"}


def serve(handler: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(handler), base_url="https://api.example.com")


def fail(error: Exception) -> httpx.Response:
    raise error


@pytest.mark.parametrize(
    ("answer", "status", "error_type", "retryable"),
    [
        (lambda _: httpx.Response(200, json={"id": 7}), "completed", None, None),
        (lambda _: httpx.Response(404, json={"error": "no such order"}), "failed", "not_found", False),
        (lambda _: httpx.Response(503), "failed", "service_unavailable", True),
        (lambda _: httpx.Response(429, headers={"Retry-After": "12"}), "failed", "rate_limited", True),
        (lambda _: fail(httpx.ConnectError("refused")), "failed", "connection_error", True),
        (lambda _: fail(httpx.ReadTimeout("slow")), "failed", "timeout", True),
    ],
)
def test_api_handler(
    page: dict[str, Any], answer: Callable[[httpx.Request], httpx.Response], status: str, error_type: str | None,
    retryable: bool | None,
) -> None:  # fmt: skip
    class Mocked(page["FetchOrderHandler"]):  # type: ignore[misc]
        _client = serve(answer)

    sent = run_step(Mocked, input={"order_id": 7})
    assert sent["status"] == status
    if error_type is None:
        assert sent["result"] == {"id": 7}
        assert sent["metadata"]["status_code"] == 200
    else:
        assert (sent["error"]["error_type"], sent["error"]["retryable"]) == (error_type, retryable)
        assert sent["error"].get("retry_after_seconds") == (12 if error_type == "rate_limited" else None)


@pytest.mark.parametrize(
    ("order_type", "steps"),
    [
        ("premium", ["validate_premium", "process_premium"]),
        ("review_required", ["manual_review", "approval_gate"]),
        (None, ["standard_processing"]),
    ],
)
def test_decision_handler(page: dict[str, Any], order_type: str | None, steps: list[str]) -> None:
    sent = run_step(page["OrderRoutingHandler"], input={"order_type": order_type})
    assert sent["result"]["decision_point_outcome"] == {"type": "create_steps", "step_names": steps}
    assert sent["result"].get("routing_context") == ({"order_type": order_type} if order_type else None)


def test_the_batch_of_three(page: dict[str, Any]) -> None:
    analyzed = run_step(
        page["CsvAnalyzerHandler"], input={"total_rows": 250}, worker_template_names=["process_csv_batch"]
    )["result"]
    outcome = analyzed["batch_processing_outcome"]
    assert outcome["worker_template_name"] == "process_csv_batch"
    assert (outcome["worker_count"], outcome["total_items"]) == (3, 250)
    assert outcome["cursor_configs"][2] == {
        "batch_id": "003",
        "start_cursor": 200,
        "end_cursor": 250,
        "batch_size": 50,
    }
    results = {"analyze_csv": analyzed}
    for cursor in outcome["cursor_configs"]:
        worked = run_step(page["CsvBatchProcessorHandler"], step_inputs={"cursor": cursor})
        assert worked["metadata"]["batch_id"] == cursor["batch_id"]
        results[f"process_csv_batch_{cursor['batch_id']}"] = worked["result"]
    assert results["process_csv_batch_003"] == {"rows_processed": 50}
    total = run_step(page["CsvResultsAggregatorHandler"], dependencies=results)
    assert total["result"] == {"total_rows": 250, "worker_count": 3}


def test_an_empty_batch(page: dict[str, Any]) -> None:
    analyzed = run_step(page["CsvAnalyzerHandler"], input={"total_rows": 0})["result"]
    assert analyzed["batch_processing_outcome"] == {"type": "no_batches"}
    total = run_step(page["CsvResultsAggregatorHandler"], dependencies={"analyze_csv": analyzed})
    assert total["result"] == {"total_rows": 0, "skipped": True}


def test_the_template_of_the_page_is_yaml() -> None:
    text = PAGE.read_text(encoding="utf-8")
    begin = text.index("name: order_processing\n")
    template = yaml.safe_load(text[begin : text.index("Generate with tasker-ctl", begin)])
    [step] = template["step_templates"]
    assert step["handler"]["callable"] == "ValidateOrderHandler"
    assert json.dumps(template)

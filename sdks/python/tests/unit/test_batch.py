"""The batch mixin beyond the examples."""

from __future__ import annotations

from typing import Any

import pytest

from tasker_core import Batchable, BatchAggregationScenario, BatchWorkerContext, CursorConfig, StepContext, StepHandler
from tasker_core.models import DependencyResultsWrapper
from tasker_core.testing import step_context
from tasker_core.types import (
    BatchAnalyzerOutcome,
    BatchWorkerInputs,
    RustCursorConfig,
    WireCursorConfig,
    aggregate_batch_results,
    create_batches,
    no_batches,
)


class Rows(StepHandler, Batchable):
    handler_name = "rows"

    def call(self, context: StepContext) -> Any:
        return {}


rows = Rows()


def bounds(configs: list[CursorConfig]) -> list[tuple[int, int]]:
    return [(config.start_cursor, config.end_cursor) for config in configs]


def test_ranges_cover_everything_once() -> None:
    assert bounds(rows.create_cursor_ranges(25, 10)) == [(0, 10), (10, 20), (20, 25)]
    assert bounds(rows.create_cursor_ranges(25, 5, max_batches=2)) == [(0, 13), (13, 25)]
    assert rows.create_cursor_ranges(0, 10) == []
    with pytest.raises(ValueError, match="batch_size"):
        rows.create_cursor_ranges(10, 0)
    shares = rows.create_cursor_configs(10, 4)
    assert [share.batch_id for share in shares] == ["001", "002", "003", "004"]
    assert sum(share.row_count for share in shares) == 10
    assert rows.create_cursor_configs(0, 4) == []
    assert shares[0].to_dict()["total_workers"] == 4


def test_an_analyzer_result() -> None:
    outcome = rows.create_batch_outcome_from_ranges([(0, 100), (100, 150)])
    sent = rows.batch_analyzer_success(outcome, worker_template_name="process_csv_batch")
    assert sent.result == {
        "batch_processing_outcome": {
            "type": "create_batches",
            "worker_template_name": "process_csv_batch",
            "worker_count": 2,
            "cursor_configs": [
                {"batch_id": "001", "start_cursor": 0, "end_cursor": 100, "batch_size": 100},
                {"batch_id": "002", "start_cursor": 100, "end_cursor": 150, "batch_size": 50},
            ],
            "total_items": 150,
        },
        "worker_count": 2,
        "total_items": 150,
    }
    assert sent.metadata["batch_analyzer"] is True


def test_analyzers_without_work() -> None:
    empty = rows.batch_analyzer_success(BatchAnalyzerOutcome(total_items=0))
    assert empty.result == {"batch_processing_outcome": {"type": "no_batches"}, "reason": "empty_dataset"}
    assert rows.batch_analyzer_success().result["reason"] == "no_cursor_configs_provided"  # type: ignore[index]
    told = rows.batch_analyzer_success(cursor_configs=[], batch_metadata={"reason": "holiday"})
    assert told.result["reason"] == "holiday"  # type: ignore[index]


def test_opaque_cursors() -> None:
    configs = [{"batch_id": "x", "start_cursor": "a", "end_cursor": "m", "batch_size": 12}]
    wire = rows.batch_analyzer_success(cursor_configs=configs).result["batch_processing_outcome"]  # type: ignore[index]
    assert wire["cursor_configs"] == configs
    assert wire["total_items"] == 12


def test_the_context_of_a_worker() -> None:
    cursor = {"batch_id": "002", "start_cursor": 10, "end_cursor": 20, "batch_size": 10}
    context = step_context(
        step_inputs={"cursor": cursor, "batch_metadata": {"failure_strategy": "fail_fast"}, "is_no_op": False},
        checkpoint={"cursor": 15, "items_processed": 5, "accumulated_results": {"t": 1}},
    )
    batch = rows.get_batch_context(context)
    assert batch is not None
    assert (batch.batch_id, batch.batch_index, batch.cursor.batch_id) == ("002", 1, "002")
    assert (batch.start_cursor, batch.end_cursor, batch.step_size, batch.cursor.batch_size) == (10, 20, 10, 10)
    assert (batch.checkpoint_cursor, batch.checkpoint_items_processed) == (15, 5)
    assert batch.accumulated_results == {"t": 1}
    assert batch.has_checkpoint()
    inputs = rows.get_batch_worker_inputs(context)
    assert isinstance(inputs, BatchWorkerInputs)
    assert inputs.batch_metadata.failure_strategy.value == "fail_fast"
    assert rows.get_batch_worker_context(step_context()) is None
    assert rows.get_batch_worker_inputs(step_context()) is None
    for place in ("config", "input"):
        found = BatchWorkerContext.from_step_context(step_context(**{place: {"batch_context": cursor}}))
        assert found is not None
        assert found.end_cursor == 20


def test_worker_results() -> None:
    batch = rows.create_batch_context(CursorConfig(start_cursor=0, end_cursor=5), 0, 1)
    user = rows.batch_worker_success(batch, result={"n": 5}, items_processed=5)
    assert user.result["n"] == 5  # type: ignore[index]
    assert user.result["items_processed"] == 5  # type: ignore[index]
    assert user.metadata == {"batch_worker": True, "batch_id": "001"}
    assert rows.batch_worker_success(batch, result={"rows": 1}).result == {"rows": 1}
    assert rows.batch_worker_success(None, result={"rows": 1}).result == {"rows": 1}
    counted = rows.batch_worker_success(rows.create_worker_outcome(10, 8, 2, errors=["e"]))
    assert counted.result is not None
    assert (counted.result["items_succeeded"], counted.result["errors"]) == (8, ["e"])
    assert rows.batch_worker_success(items_processed=3).result["items_succeeded"] == 3  # type: ignore[index]
    wrong = rows.batch_worker_success()
    assert (wrong.error_type, wrong.retryable) == ("invalid_args", False)
    partial = rows.batch_worker_partial_failure(rows.create_worker_outcome(2, 1, 1), "one failed")
    assert partial.is_success
    assert partial.result["errors"] == []  # type: ignore[index]


def entry(result: Any) -> dict[str, Any]:
    return {"status": "completed", "result": result, "metadata": {}}


def test_aggregation() -> None:
    analyzed = entry({"batch_processing_outcome": {"type": "create_batches"}})
    results = {"a": analyzed, "w_001": entry({"items_processed": 4, "items_succeeded": 3, "errors": [1, 2]})}
    for given in (results, DependencyResultsWrapper.from_dict(results)):
        scenario = BatchAggregationScenario.detect(given, "a", "w_")
        assert (scenario.no_batches(), scenario.worker_count) == (False, 1)
    total = rows.aggregate_batch_worker_results(scenario).result
    assert total is not None
    assert (total["total_processed"], total["scenario"], total["worker_count"]) == (4, "with_batches", 1)
    own = rows.aggregate_batch_worker_results(scenario, aggregation_fn=lambda found: {"names": list(found)})
    assert own.result == {"names": ["w_001"], "worker_count": 1, "scenario": "with_batches"}
    none = BatchAggregationScenario.detect(
        {"a": entry({"batch_processing_outcome": {"type": "no_batches"}})}, "a", "w_"
    )
    assert rows.aggregate_batch_worker_results(none, {"total": 0}).result == {
        "total": 0,
        "worker_count": 0,
        "scenario": "no_batches",
    }
    placeholder = {"a": analyzed, "w_000": entry({"batch_id": "000", "no_op": True})}
    assert BatchAggregationScenario.detect(placeholder, "a", "w_").is_no_batches
    with pytest.raises(ValueError, match="no result of the step 'a'"):
        BatchAggregationScenario.detect({}, "a", "w_")
    with pytest.raises(ValueError, match="begin with 'w_'"):
        BatchAggregationScenario.detect({"a": analyzed}, "a", "w_")


def test_sums_keep_a_limited_number_of_errors() -> None:
    total = aggregate_batch_results([{"items_processed": 2, "items_succeeded": 1, "errors": [1, 2, 3]}, None], 2)
    assert (total.errors, total.error_count, total.batch_count, total.success_rate) == ([1, 2], 3, 1, 0.5)


def test_wire_outcomes() -> None:
    assert no_batches().model_dump() == {"type": "no_batches"}
    config = WireCursorConfig(batch_id="001", start_cursor=0, end_cursor=1, batch_size=1)
    assert create_batches("w", 1, [config], 1).worker_count == 1
    assert RustCursorConfig is WireCursorConfig
    with pytest.raises(ValueError, match="worker_count is 2"):
        create_batches("w", 2, [config], 1)

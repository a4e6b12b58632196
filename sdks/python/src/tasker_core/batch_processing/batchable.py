"""The batch mixin: analyzers, workers and aggregators."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from tasker_core.batch_processing.aggregation import BatchAggregationScenario
from tasker_core.models import DependencyResultsWrapper
from tasker_core.types.batch import (
    BatchAnalyzerOutcome,
    BatchWorkerConfig,
    BatchWorkerContext,
    BatchWorkerInputs,
    BatchWorkerOutcome,
    CursorConfig,
    aggregate_batch_results,
)
from tasker_core.types.context import StepContext
from tasker_core.types.results import StepHandlerResult
from tasker_core.wire.outgoing import timestamp


class Batchable:
    """Add to a handler: ``class X(StepHandler, Batchable)``."""

    # Cursors

    def create_cursor_config(
        self, start: int, end: int, step_size: int = 1, metadata: dict[str, Any] | None = None
    ) -> CursorConfig:
        """One range; ``end`` is exclusive."""
        return CursorConfig(start_cursor=start, end_cursor=end, step_size=step_size, metadata=metadata or {})

    def create_cursor_ranges(
        self, total_items: int, batch_size: int, step_size: int = 1, max_batches: int | None = None
    ) -> list[CursorConfig]:
        """Contiguous ranges that cover all items; ``max_batches`` makes the batches larger."""
        if batch_size <= 0:
            raise ValueError(f"batch_size is {batch_size}: use a positive number")
        if total_items <= 0:
            return []
        if max_batches is not None and max_batches > 0:
            batch_size = max(batch_size, -(-total_items // max_batches))
        return [
            CursorConfig(start_cursor=start, end_cursor=min(start + batch_size, total_items), step_size=step_size)
            for start in range(0, total_items, batch_size)
        ]

    def create_cursor_configs(self, total_items: int, worker_count: int) -> list[BatchWorkerConfig]:
        """One share per worker, as equal as possible; workers without a share are left out."""
        if worker_count <= 0:
            raise ValueError(f"worker_count is {worker_count}: use a positive number")
        if total_items <= 0:
            return []
        ranges = self.create_cursor_ranges(total_items, -(-total_items // worker_count))
        return [
            BatchWorkerConfig(
                batch_id=_batch_id(index),
                cursor_start=config.start_cursor,
                cursor_end=config.end_cursor,
                row_count=config.batch_size,
                worker_index=index,
                total_workers=len(ranges),
            )
            for index, config in enumerate(ranges)
        ]

    # Analyzer

    def create_batch_outcome(
        self,
        total_items: int,
        batch_size: int,
        step_size: int = 1,
        batch_metadata: dict[str, Any] | None = None,
    ) -> BatchAnalyzerOutcome:
        """Ranges of ``batch_size`` items."""
        return BatchAnalyzerOutcome(
            cursor_configs=self.create_cursor_ranges(total_items, batch_size, step_size),
            total_items=total_items,
            batch_metadata=batch_metadata or {},
        )

    def create_batch_outcome_from_ranges(
        self,
        ranges: Iterable[tuple[int, int]],
        step_size: int = 1,
        total_items: int | None = None,
        batch_metadata: dict[str, Any] | None = None,
    ) -> BatchAnalyzerOutcome:
        """Ranges of your own."""
        return BatchAnalyzerOutcome.from_ranges(ranges, step_size, total_items, batch_metadata)

    def batch_analyzer_success(
        self,
        outcome: BatchAnalyzerOutcome | None = None,
        metadata: dict[str, Any] | None = None,
        worker_template_name: str | None = None,
        cursor_configs: list[Any] | None = None,
        total_items: int | None = None,
        batch_metadata: dict[str, Any] | None = None,
    ) -> StepHandlerResult:
        """Start one worker per range. Without a template name the only one that can be meant is used."""
        described = batch_metadata or {}
        if outcome is not None:
            cursor_configs = list(outcome.cursor_configs)
            total_items = outcome.total_items
            described = {**outcome.batch_metadata, **described}
        if cursor_configs is None:
            return self.no_batches_outcome("no_cursor_configs_provided", {**(metadata or {}), **described})
        if not cursor_configs:
            reason = str(described.get("reason") or "empty_dataset")
            return self.no_batches_outcome(reason, {**(metadata or {}), **described})
        wire = [_wire_cursor(config, index) for index, config in enumerate(cursor_configs)]
        if total_items is None:
            total_items = sum(config["batch_size"] for config in wire)
        batches: dict[str, Any] = {"type": "create_batches"}
        if worker_template_name:
            batches["worker_template_name"] = worker_template_name
        batches.update(worker_count=len(wire), cursor_configs=wire, total_items=total_items)
        if described:
            batches["batch_metadata"] = described
        return StepHandlerResult._make_success(
            {"batch_processing_outcome": batches, "worker_count": len(wire), "total_items": total_items},
            {**(metadata or {}), "batch_analyzer": True},
        )

    def no_batches_outcome(self, reason: str, metadata: dict[str, Any] | None = None) -> StepHandlerResult:
        """Nothing to do; ``metadata`` is merged into the result."""
        result = {**(metadata or {}), "batch_processing_outcome": {"type": "no_batches"}, "reason": reason}
        return StepHandlerResult._make_success(result, {"batch_analyzer": True})

    # Worker

    def get_batch_context(self, context: StepContext) -> BatchWorkerContext | None:
        """The worker's share, or None when the step is no batch worker."""
        return BatchWorkerContext.from_step_context(context)

    def get_batch_worker_context(self, context: StepContext) -> BatchWorkerContext | None:
        """The same."""
        return self.get_batch_context(context)

    def get_batch_worker_inputs(self, context: StepContext) -> BatchWorkerInputs | None:
        """The step's inputs as a model, or None when the step is no batch worker."""
        if not isinstance(context.step_inputs.get("cursor"), dict):
            return None
        return BatchWorkerInputs.model_validate(context.step_inputs)

    def create_batch_context(
        self,
        cursor_config: CursorConfig,
        batch_index: int,
        total_batches: int,
        batch_metadata: dict[str, Any] | None = None,
    ) -> BatchWorkerContext:
        """A share made by hand."""
        return BatchWorkerContext(
            batch_id=cursor_config.batch_id or _batch_id(batch_index),
            cursor_config=cursor_config,
            batch_index=batch_index,
            total_batches=total_batches,
            batch_metadata=batch_metadata or {},
        )

    def handle_no_op_worker(self, context: StepContext) -> StepHandlerResult | None:
        """The result of the placeholder that runs when there are no batches; None for a worker with work."""
        if context.step_inputs.get("is_no_op") is not True:
            return None
        batch = self.get_batch_context(context)
        batch_id = batch.batch_id if batch is not None else "000"
        return StepHandlerResult._make_success(
            {
                "batch_id": batch_id,
                "no_op": True,
                "processed_count": 0,
                "message": "there are no batches to process",
                "processed_at": timestamp(time.time()),
            },
            {"batch_id": batch_id, "batch_worker": True, "no_op": True},
        )

    def create_worker_outcome(
        self,
        items_processed: int,
        items_succeeded: int = 0,
        items_failed: int = 0,
        items_skipped: int = 0,
        results: list[Any] | None = None,
        errors: list[Any] | None = None,
        last_cursor: Any = None,
        batch_metadata: dict[str, Any] | None = None,
    ) -> BatchWorkerOutcome:
        """Counters; when none succeeded is given, all processed ones did."""
        return BatchWorkerOutcome(
            items_processed=items_processed,
            items_succeeded=items_succeeded or items_processed,
            items_failed=items_failed,
            items_skipped=items_skipped,
            results=results or [],
            errors=errors or [],
            last_cursor=last_cursor,
            batch_metadata=batch_metadata or {},
        )

    def batch_worker_success(
        self,
        outcome: BatchWorkerOutcome | BatchWorkerContext | None = None,
        metadata: dict[str, Any] | None = None,
        items_processed: int | None = None,
        items_succeeded: int | None = None,
        items_failed: int = 0,
        items_skipped: int = 0,
        results: list[Any] | None = None,
        errors: list[Any] | None = None,
        last_cursor: Any = None,
        batch_metadata: dict[str, Any] | None = None,
        *,
        result: dict[str, Any] | None = None,
    ) -> StepHandlerResult:
        """With ``result=`` the step's result is exactly that dict; otherwise the counters are."""
        described: dict[str, Any] = {**(metadata or {}), "batch_worker": True}
        if isinstance(outcome, BatchWorkerContext):
            described["batch_id"] = outcome.batch_id
        counters: dict[str, Any] = {}
        if isinstance(outcome, BatchWorkerOutcome):
            counters = outcome.to_result()
        elif items_processed is not None:
            counters = self.create_worker_outcome(
                items_processed,
                items_succeeded or 0,
                items_failed,
                items_skipped,
                results,
                errors,
                last_cursor,
                batch_metadata,
            ).to_result()
        if result is not None:
            return StepHandlerResult._make_success({**counters, **result}, described)
        if counters:
            return StepHandlerResult._make_success(counters, described)
        return StepHandlerResult.failure(
            "batch_worker_success needs result={...}, an outcome, or items_processed=...", "invalid_args", False
        )

    def batch_worker_partial_failure(
        self, outcome: BatchWorkerOutcome, message: str | None = None, metadata: dict[str, Any] | None = None
    ) -> StepHandlerResult:
        """A success whose result lists the items that failed."""
        described: dict[str, Any] = {**(metadata or {}), "batch_worker": True, "partial_failure": True}
        if message is not None:
            described["message"] = message
        result = outcome.to_result()
        result.setdefault("errors", outcome.errors)
        return StepHandlerResult._make_success(result, described)

    def checkpoint_yield(self, cursor: Any, items_processed: int, accumulated_results: Any = None) -> StepHandlerResult:
        """Save the progress and be dispatched again from there; the attempt does not change."""
        result: dict[str, Any] = {"type": "checkpoint_yield", "cursor": cursor, "items_processed": items_processed}
        if accumulated_results is not None:
            result["accumulated_results"] = accumulated_results
        return StepHandlerResult._make_success(result, {"checkpoint_yield": True, "batch_worker": True})

    # Aggregator

    def detect_aggregation_scenario(
        self,
        dependency_results: dict[str, Any] | DependencyResultsWrapper,
        batchable_step_name: str,
        batch_worker_prefix: str,
    ) -> BatchAggregationScenario:
        """As :meth:`BatchAggregationScenario.detect`."""
        return BatchAggregationScenario.detect(dependency_results, batchable_step_name, batch_worker_prefix)

    def no_batches_aggregation_result(self, zero_metrics: dict[str, Any] | None = None) -> StepHandlerResult:
        """The aggregator's result when there was nothing to do."""
        return StepHandlerResult._make_success({**(zero_metrics or {}), "worker_count": 0, "scenario": "no_batches"})

    def aggregate_batch_worker_results(
        self,
        scenario: BatchAggregationScenario,
        zero_metrics: dict[str, Any] | None = None,
        aggregation_fn: Callable[[dict[str, dict[str, Any]]], dict[str, Any]] | None = None,
    ) -> StepHandlerResult:
        """Sums over all workers, or what ``aggregation_fn`` makes of their results by step name."""
        if scenario.is_no_batches:
            return self.no_batches_aggregation_result(zero_metrics)
        combine = aggregation_fn or (lambda results: self.aggregate_worker_results(list(results.values())))
        return StepHandlerResult._make_success(
            {**combine(scenario.batch_results), "worker_count": scenario.worker_count, "scenario": "with_batches"}
        )

    @staticmethod
    def aggregate_worker_results(results: list[dict[str, Any] | None]) -> dict[str, Any]:
        """Add up the counters form of workers' results."""
        return aggregate_batch_results(results).model_dump()


def _batch_id(index: int) -> str:
    return f"{index + 1:03d}"


def _wire_cursor(config: Any, index: int) -> dict[str, Any]:
    start: Any
    end: Any
    batch_id: str | None
    if isinstance(config, BatchWorkerConfig):
        start, end, batch_id = config.cursor_start, config.cursor_end, config.batch_id
    elif isinstance(config, dict):
        start, end, batch_id = config.get("start_cursor"), config.get("end_cursor"), config.get("batch_id")
    else:
        start, end, batch_id = config.start_cursor, config.end_cursor, config.batch_id
    if isinstance(start, int) and isinstance(end, int):
        size = end - start
    else:
        given = config.get("batch_size") if isinstance(config, dict) else getattr(config, "batch_size", 0)
        size = given if isinstance(given, int) else 0
    return {"batch_id": batch_id or _batch_id(index), "start_cursor": start, "end_cursor": end, "batch_size": size}

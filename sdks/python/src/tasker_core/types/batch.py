"""Types of batch processing. Cursors begin at 0; the end is exclusive."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tasker_core.types.context import StepContext


class FailureStrategy(str, Enum):
    """What a failed item does to its batch."""

    CONTINUE_ON_FAILURE = "continue_on_failure"
    FAIL_FAST = "fail_fast"
    ISOLATE = "isolate"


class CursorConfig(BaseModel):
    """One range. Cursors that are no integers are passed on as they are."""

    model_config = ConfigDict(extra="ignore")

    start_cursor: Any
    end_cursor: Any
    step_size: int = 1
    metadata: dict[str, Any] = Field(default_factory=dict)
    batch_id: str | None = None

    @property
    def batch_size(self) -> int:
        """Items in the range; 0 for cursors that are no integers."""
        if isinstance(self.start_cursor, int) and isinstance(self.end_cursor, int):
            return self.end_cursor - self.start_cursor
        return 0


class WireCursorConfig(BaseModel):
    """A range as it travels."""

    batch_id: str
    start_cursor: Any
    end_cursor: Any
    batch_size: int


RustCursorConfig = WireCursorConfig


class BatchMetadata(BaseModel):
    """How a worker should treat its batch."""

    model_config = ConfigDict(extra="allow")

    cursor_field: str | None = None
    failure_strategy: FailureStrategy = FailureStrategy.CONTINUE_ON_FAILURE


class BatchWorkerInputs(BaseModel):
    """The inputs of a batch worker step."""

    model_config = ConfigDict(extra="ignore")

    cursor: WireCursorConfig
    batch_metadata: BatchMetadata = Field(default_factory=BatchMetadata)
    is_no_op: bool = False


RustBatchWorkerInputs = BatchWorkerInputs


class BatchWorkerConfig(BaseModel):
    """One worker's share when the number of workers is given."""

    batch_id: str
    cursor_start: int
    cursor_end: int
    row_count: int
    worker_index: int
    total_workers: int

    def to_dict(self) -> dict[str, Any]:
        return self.model_dump()


class BatchAnalyzerOutcome(BaseModel):
    """What an analyzer found: the ranges to work on."""

    cursor_configs: list[CursorConfig] = Field(default_factory=list)
    total_items: int | None = None
    batch_metadata: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def from_ranges(
        cls,
        ranges: Iterable[tuple[int, int]],
        step_size: int = 1,
        total_items: int | None = None,
        batch_metadata: dict[str, Any] | None = None,
    ) -> BatchAnalyzerOutcome:
        """From ``(start, end)`` pairs; the total defaults to their sum."""
        configs = [CursorConfig(start_cursor=start, end_cursor=end, step_size=step_size) for start, end in ranges]
        total = sum(config.batch_size for config in configs) if total_items is None else total_items
        return cls(cursor_configs=configs, total_items=total, batch_metadata=batch_metadata or {})


class BatchWorkerOutcome(BaseModel):
    """Counters of one batch."""

    items_processed: int
    items_succeeded: int = 0
    items_failed: int = 0
    items_skipped: int = 0
    results: list[Any] = Field(default_factory=list)
    errors: list[Any] = Field(default_factory=list)
    last_cursor: Any = None
    batch_metadata: dict[str, Any] = Field(default_factory=dict)

    def to_result(self) -> dict[str, Any]:
        """The counters form of a worker's result."""
        result = self.model_dump()
        for key in ("results", "errors"):
            if not result[key]:
                del result[key]
        return result


class BatchWorkerContext(BaseModel):
    """What a batch worker needs to know about its share."""

    batch_id: str
    cursor_config: CursorConfig
    batch_index: int = 0
    total_batches: int = 0
    batch_metadata: dict[str, Any] = Field(default_factory=dict)
    checkpoint: dict[str, Any] = Field(default_factory=dict)

    @property
    def cursor(self) -> CursorConfig:
        return self.cursor_config

    @property
    def start_cursor(self) -> Any:
        return self.cursor_config.start_cursor

    @property
    def end_cursor(self) -> Any:
        return self.cursor_config.end_cursor

    @property
    def step_size(self) -> int:
        return self.cursor_config.step_size

    @property
    def checkpoint_cursor(self) -> Any:
        return self.checkpoint.get("cursor")

    @property
    def accumulated_results(self) -> Any:
        return self.checkpoint.get("accumulated_results")

    @property
    def checkpoint_items_processed(self) -> int:
        value = self.checkpoint.get("items_processed")
        return value if isinstance(value, int) else 0

    def has_checkpoint(self) -> bool:
        return bool(self.checkpoint)

    @classmethod
    def from_step_context(cls, context: StepContext) -> BatchWorkerContext | None:
        """From the step's inputs, else from ``batch_context`` in the configuration or the task's input; else None."""
        cursor = context.step_inputs.get("cursor")
        if isinstance(cursor, dict):
            metadata = context.step_inputs.get("batch_metadata")
            return cls._from_cursor(cursor, metadata if isinstance(metadata, dict) else {}, context)
        for place in (context.step_config, context.input_data):
            given = place.get("batch_context")
            if isinstance(given, dict):
                nested = given.get("cursor_config") or given.get("cursor")
                cursor = {**given, **nested} if isinstance(nested, dict) else given
                metadata = given.get("batch_metadata")
                return cls._from_cursor(cursor, metadata if isinstance(metadata, dict) else {}, context)
        return None

    @classmethod
    def _from_cursor(cls, cursor: dict[str, Any], metadata: dict[str, Any], context: StepContext) -> BatchWorkerContext:
        batch_id = str(cursor.get("batch_id", ""))
        step_size = cursor.get("step_size") or cursor.get("batch_size") or 1
        config = CursorConfig(
            start_cursor=cursor.get("start_cursor", 0),
            end_cursor=cursor.get("end_cursor", 0),
            step_size=step_size if isinstance(step_size, int) else 1,
            batch_id=batch_id,
        )
        index = cursor.get("batch_index")
        if not isinstance(index, int):
            index = int(batch_id) - 1 if batch_id.isdecimal() and int(batch_id) > 0 else 0
        total = cursor.get("total_batches")
        return cls(
            batch_id=batch_id,
            cursor_config=config,
            batch_index=index,
            total_batches=total if isinstance(total, int) else 0,
            batch_metadata=metadata,
            checkpoint=context.checkpoint or {},
        )


class NoBatchesOutcome(BaseModel):
    """The wire outcome when there is nothing to do."""

    type: str = "no_batches"


class CreateBatchesOutcome(BaseModel):
    """The wire outcome that starts workers."""

    type: str = "create_batches"
    worker_template_name: str | None = None
    worker_count: int
    cursor_configs: list[WireCursorConfig]
    total_items: int | None = None


def no_batches() -> NoBatchesOutcome:
    """Nothing to do."""
    return NoBatchesOutcome()


def create_batches(
    worker_template_name: str | None,
    worker_count: int,
    cursor_configs: list[WireCursorConfig],
    total_items: int | None,
) -> CreateBatchesOutcome:
    """Start workers. Raises ``ValueError`` when the count differs from the number of ranges."""
    if worker_count != len(cursor_configs):
        raise ValueError(f"worker_count is {worker_count}, but there are {len(cursor_configs)} cursor_configs")
    return CreateBatchesOutcome(
        worker_template_name=worker_template_name,
        worker_count=worker_count,
        cursor_configs=cursor_configs,
        total_items=total_items,
    )


class BatchAggregationResult(BaseModel):
    """Sums over the counters of many workers."""

    total_processed: int = 0
    total_succeeded: int = 0
    total_failed: int = 0
    total_skipped: int = 0
    batch_count: int = 0
    success_rate: float = 0.0
    errors: list[Any] = Field(default_factory=list)
    error_count: int = 0


def aggregate_batch_results(results: Iterable[dict[str, Any] | None], max_errors: int = 100) -> BatchAggregationResult:
    """Add up the counters form of workers' results; at most ``max_errors`` errors are kept, all are counted."""
    total = BatchAggregationResult()
    for result in results:
        if result is None:
            continue
        total.batch_count += 1
        total.total_processed += result.get("items_processed") or 0
        total.total_succeeded += result.get("items_succeeded") or 0
        total.total_failed += result.get("items_failed") or 0
        total.total_skipped += result.get("items_skipped") or 0
        errors = result.get("errors") or []
        total.error_count += len(errors)
        total.errors.extend(errors[: max(0, max_errors - len(total.errors))])
    if total.total_processed:
        total.success_rate = total.total_succeeded / total.total_processed
    return total

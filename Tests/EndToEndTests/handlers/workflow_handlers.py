"""Python twins of the Swift workflow handlers, written with the SDK's handler types."""

from __future__ import annotations

from typing import Any

from tasker_core import PermanentError, StepContext, StepHandler, StepHandlerResult
from tasker_core.batch_processing import Batchable
from tasker_core.step_handler.mixins import DecisionMixin


class Compute(StepHandler):
    handler_name = "python.compute"

    def call(self, context: StepContext) -> StepHandlerResult:
        names = context.get_config("of") or []
        value = sum(context.get_dependency_field(name, "value") for name in names)
        if not names:
            value = context.get_input_or("value", 0)
        value = value * (context.get_config("multiply") or 1) + (context.get_config("add") or 0)
        return self.success({"value": value})


class Route(DecisionMixin, StepHandler):
    handler_name = "python.route"

    def call(self, context: StepContext) -> StepHandlerResult:
        amount = context.get_input("amount")
        for entry in context.get_config("ranges"):
            if amount <= entry.get("up_to", float("inf")):
                return self.decision_success(entry["steps"], routing_context={"amount": amount})
        return self.skip_branches("no range fits")


class Analyze(StepHandler, Batchable):
    handler_name = "python.analyze"

    def call(self, context: StepContext) -> StepHandlerResult:
        rows = context.get_input("rows")
        if rows == 0:
            return self.no_batches_outcome("empty_dataset")
        outcome = self.create_batch_outcome(total_items=rows, batch_size=context.get_config("batch_size"))
        return self.batch_analyzer_success(outcome)


class Batch(StepHandler, Batchable):
    handler_name = "python.batch"

    def call(self, context: StepContext) -> StepHandlerResult:
        if context.step_inputs.get("is_no_op"):
            return self.success({"no_op": True, "sum": 0, "rows": 0})
        batch = self.get_batch_worker_context(context)
        assert batch is not None
        if batch.batch_id in (context.get_config("broken") or []):
            raise PermanentError(f"batch {batch.batch_id} is broken")
        start, end = batch.start_cursor, batch.end_cursor
        if batch.has_checkpoint():
            start = batch.checkpoint_cursor
        fail_at = context.get_config("fail_at")
        if fail_at is not None and start >= fail_at and context.retry_count == 0:
            raise RuntimeError(f"failed on purpose at row {start}")
        carried: dict[str, Any] = batch.accumulated_results or {}
        stop = min(start + (context.get_config("stride") or end), end)
        total = carried.get("sum", 0) + sum(range(start, stop))
        if stop < end:
            done = stop - batch.start_cursor
            return self.checkpoint_yield(cursor=stop, items_processed=done, accumulated_results={"sum": total})
        return self.batch_worker_success(batch, result={"sum": total, "rows": end - batch.start_cursor})


class Aggregate(StepHandler):
    handler_name = "python.aggregate"

    def call(self, context: StepContext) -> StepHandlerResult:
        found = [
            result for result in context.get_all_dependency_results(context.get_config("prefix")) if "sum" in result
        ]
        total = sum(result["sum"] for result in found)
        return self.success({"total": total, "rows": sum(result["rows"] for result in found), "workers": len(found)})

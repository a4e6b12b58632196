"""The same handlers as in polyglot.rb, polyglot.mjs and PolyglotHandlers.swift, under the same names."""

from __future__ import annotations

from testing_handlers import record

from tasker_core import StepContext, StepHandler, StepHandlerResult
from tasker_core.batch_processing import BatchAggregationScenario, Batchable
from tasker_core.step_handler.mixins import DecisionMixin


class Step(StepHandler):
    handler_name = "poly.step"

    def call(self, context: StepContext) -> StepHandlerResult:
        if context.get_input("record_path"):
            record(context)
        return self.success({"language": "python"})


class Echo(StepHandler):
    handler_name = "poly.echo"

    def call(self, context: StepContext) -> StepHandlerResult:
        return self.success({"value": context.get_input("value")})


class Route(DecisionMixin, StepHandler):
    handler_name = "poly.route"

    def call(self, context: StepContext) -> StepHandlerResult:
        amount = context.get_input("amount")
        if amount == 0:
            return self.skip_branches("nothing to approve")
        steps = ["auto"] if amount < 1000 else ["manager", "finance"]
        return self.decision_success(steps, routing_context={"amount": amount})


class Analyze(StepHandler, Batchable):
    handler_name = "poly.analyze"

    def call(self, context: StepContext) -> StepHandlerResult:
        return self.batch_analyzer_success(self.create_batch_outcome(context.get_input("rows"), 100))


class Batch(StepHandler, Batchable):
    handler_name = "poly.batch"

    def call(self, context: StepContext) -> StepHandlerResult:
        batch = self.get_batch_worker_context(context)
        assert batch is not None
        start = batch.checkpoint_cursor if batch.has_checkpoint() else batch.start_cursor
        total = (batch.accumulated_results or {}).get("sum", 0)
        stop = min(start + 40, batch.end_cursor)
        total += sum(range(start, stop))
        if stop < batch.end_cursor:
            done = stop - batch.start_cursor
            return self.checkpoint_yield(cursor=stop, items_processed=done, accumulated_results={"sum": total})
        return self.batch_worker_success(batch, result={"sum": total, "rows": batch.end_cursor - batch.start_cursor})


class Aggregate(StepHandler, Batchable):
    handler_name = "poly.aggregate"

    def call(self, context: StepContext) -> StepHandlerResult:
        scenario = BatchAggregationScenario.detect(context.dependency_results, "analyze", "process_")
        if scenario.is_no_batches:
            return self.success({"total": 0, "workers": 0})
        total = sum(result["sum"] for result in scenario.batch_results.values())
        return self.success({"total": total, "workers": scenario.worker_count})

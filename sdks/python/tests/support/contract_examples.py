"""Further examples of the SDK contract (P1 to P6), as handler authors would write them."""

import httpx
from pydantic import BaseModel

from tasker_core import PermanentError, RetryableError, StepContext, StepHandler, StepHandlerResult
from tasker_core.batch_processing import Batchable
from tasker_core.step_handler import depends_on, inputs, step_handler
from tasker_core.step_handler.functional import (
    BatchConfig,
    Decision,
    api_handler,
    batch_analyzer,
    decision_handler,
)


class ReserveSeatHandler(StepHandler):
    handler_name = "reserve_seat"

    async def call(self, context: StepContext) -> StepHandlerResult:
        seats = context.get_input_or("seats", 1)
        if seats < 1:
            raise PermanentError("seats must be at least 1", error_code="BAD_SEATS")
        room = context.get_dependency_result("find_room") or {}
        if room.get("locked"):
            raise RetryableError("room is locked", retry_after=7)
        return self.success({"room": room.get("id"), "seats": seats}, metadata={"last_try": context.is_last_retry()})


class Parcel(BaseModel):
    weight_kg: float
    zone: str = "home"


@step_handler("quote_shipping")
@depends_on(rates="load_rates")
@inputs(Parcel)
def quote_shipping(inputs, rates, _context):
    return {"price": round(inputs.weight_kg * rates["per_kg"][inputs.zone], 2), "attempt": _context.retry_count}


class LedgerHandler(StepHandler):
    handler_name = "ledger"

    def call(self, context):
        return self.success({"booked": context.get_input("amount")})

    def refund(self, context):
        return self.success({"booked": -context.get_input("amount")})


@decision_handler("triage")
@inputs("score")
def triage(score):
    if score is None:
        return Decision.skip("no score")
    return Decision.route(["escalate"] if score > 80 else ["archive"], score=score)


@batch_analyzer("split_rows")
@inputs("rows")
def split_rows(rows):
    return BatchConfig(total_items=rows, batch_size=40)


class SumRange(StepHandler, Batchable):
    handler_name = "sum_range"

    def call(self, context):
        no_op = self.handle_no_op_worker(context)
        if no_op is not None:
            return no_op
        batch = self.get_batch_worker_context(context)
        start = batch.checkpoint_cursor if batch.has_checkpoint() else batch.start_cursor
        total = (batch.accumulated_results or {}).get("total", 0)
        stop = min(start + 10, batch.cursor.end_cursor)
        total += sum(range(start, stop))
        if stop < batch.cursor.end_cursor:
            return self.checkpoint_yield(
                cursor=stop, items_processed=stop - batch.start_cursor, accumulated_results={"total": total}
            )
        return self.batch_worker_success(batch, result={"total": total})


@api_handler("fetch_rate", base_url="http://rates.test", timeout=2.0)
@inputs("currency")
def fetch_rate(currency, api):
    try:
        response = api.get("/rate", params={"c": currency})
    except httpx.TimeoutException as exc:
        return api.timeout_error(exc, "reading the rate")
    return api.api_success(response) if response.ok else api.api_failure(response)

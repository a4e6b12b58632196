"""The Python side of ``templates/tasks/order_processing.yaml``.

Run it: ``python -m tasker_core.worker order_processing --namespace ecommerce --queue ecommerce.python``
"""

from __future__ import annotations

import hashlib
from typing import Any

from tasker_core import PermanentError, StepContext, StepHandler, StepHandlerResult


def _stable_id(prefix: str, *parts: object) -> str:
    """An id that depends on the inputs only, so that a repeated attempt means the same thing."""
    digest = hashlib.sha256("|".join(str(part) for part in parts).encode()).hexdigest()
    return f"{prefix}-{digest[:12]}"


class ReserveInventoryHandler(StepHandler):
    """Puts the items of a valid order aside."""

    handler_name = "ReserveInventoryHandler"

    def call(self, context: StepContext) -> StepHandlerResult:
        items: list[dict[str, Any]] = context.get_input("items")
        lines = [{"sku": item["sku"], "quantity": item["quantity"], "warehouse": "north"} for item in items]
        return self.success(
            {"reservation_id": _stable_id("RES", context.task_uuid), "lines": lines},
        )


class AuthorizePaymentHandler(StepHandler):
    """Asks for the order's total. The step says ``retryable: false``: it is never started twice."""

    handler_name = "AuthorizePaymentHandler"

    def call(self, context: StepContext) -> StepHandlerResult:
        totals = context.get_dependency_result("validate_order")
        payment = context.get_input("payment")
        if not payment["token"].startswith("tok_"):
            raise PermanentError("the payment token is not one of ours", error_code="BAD_TOKEN")
        return self.success(
            {
                "authorization_id": _stable_id("AUTH", context.task_uuid, payment["token"]),
                "amount_cents": totals["total_cents"],
                "currency": totals["currency"],
            },
        )


class ConfirmOrderHandler(StepHandler):
    """Writes the message to the customer."""

    handler_name = "ConfirmOrderHandler"

    def call(self, context: StepContext) -> StepHandlerResult:
        order = context.get_dependency_result("create_order")
        customer = context.get_input("customer")
        total = order["total_cents"]
        return self.success(
            {
                "to": customer["email"],
                "subject": f"Your order {order['order_number']}",
                "text": f"Thank you, {customer['name']}: {total // 100}.{total % 100:02d} "
                f"{context.get_input('currency')} are on their way.",
            },
        )

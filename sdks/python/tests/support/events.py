"""Publishers and subscribers for the tests of domain events, and a handler whose step declares events."""

from __future__ import annotations

import threading
from typing import Any

from tasker_core import BasePublisher, BaseSubscriber, StepContext, StepEventContext, StepHandler, StepHandlerResult
from tasker_core.errors import PermanentError


class Charge(StepHandler):
    handler_name = "charge"

    def call(self, context: StepContext) -> StepHandlerResult:
        if context.get_input("fail") is not None:
            raise PermanentError("declined", retryable=context.get_input("fail") == "retryable")
        return self.success({"amount": 12.5, "card": "4111"}, metadata={"terminal": 7})


class ChargePublisher(BasePublisher):
    """Hides the card; writes down which hooks were called."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.calls: list[str] = []

    @property
    def publisher_name(self) -> str:
        return "charges"

    def _answer(self, hook: str, default: Any) -> Any:
        self.calls.append(hook)
        answer = self.answers.get(hook, default)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def should_publish(self, ctx: StepEventContext) -> bool:
        return bool(self._answer("should_publish", True))

    def transform_payload(self, ctx: StepEventContext) -> dict[str, Any]:
        payload: dict[str, Any] = self._answer("transform_payload", {"amount": (ctx.result or {}).get("amount")})
        return payload

    def additional_metadata(self, ctx: StepEventContext) -> dict[str, Any]:
        found: dict[str, Any] = self._answer("additional_metadata", {"terminal": ctx.metadata.get("terminal")})
        return found

    def before_publish(self, event_name: str, payload: dict[str, Any], metadata: dict[str, Any]) -> bool:
        return bool(self._answer("before_publish", True))

    def after_publish(self, event_name: str, payload: dict[str, Any], metadata: dict[str, Any]) -> None:
        self._answer("after_publish", None)

    def on_publish_error(self, event_name: str, error: Exception, payload: dict[str, Any]) -> None:
        self.calls.append(f"on_publish_error {type(error).__name__}")


class Listener(BaseSubscriber):
    """Keeps what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []
        self.errors: list[Exception] = []
        self.got_one = threading.Event()

    @classmethod
    def subscribes_to(cls) -> list[str]:
        return ["charge.*"]

    def handle(self, event: dict[str, Any]) -> None:
        if event["payload"] == {"break": True}:
            raise ValueError("broken")
        self.events.append(event)
        self.got_one.set()

    def on_handle_error(self, event: dict[str, Any], error: Exception) -> None:
        self.errors.append(error)
        self.got_one.set()

"""Publishers: hooks that shape what an event carries."""

from __future__ import annotations

import datetime
import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from tasker_core.domain_events.models import StepEventContext

logger = logging.getLogger("tasker_core.domain_events")


@dataclass(slots=True)
class PreparedEvent:
    """What the hooks made: ready to be handed over."""

    name: str
    payload: Any
    metadata: dict[str, Any]


class BasePublisher(ABC):
    """Shapes the events that name it in the template (``publishes_events: [{name, publisher}]``).

    A worker calls the hooks in the thread of the step, after the handler has returned, in this order:
    ``should_publish``, ``transform_payload``, ``additional_metadata``, ``before_publish``, ``after_publish``. Then the
    worker delivers. What a hook raises goes to ``on_publish_error`` and to the log and never changes the step; the
    event is not published then, unless it was ``after_publish``.
    """

    @property
    @abstractmethod
    def publisher_name(self) -> str:
        """What templates call it."""

    def should_publish(self, ctx: StepEventContext) -> bool:
        """Whether the event happens at all."""
        return True

    def transform_payload(self, ctx: StepEventContext) -> dict[str, Any]:
        """What the event carries; the step's result by default."""
        return ctx.result if isinstance(ctx.result, dict) else {}

    def additional_metadata(self, ctx: StepEventContext) -> dict[str, Any]:
        """Members to add to the event's metadata."""
        return {}

    def before_publish(self, event_name: str, payload: dict[str, Any], metadata: dict[str, Any]) -> bool:
        """The last word: False stops the event."""
        return True

    def after_publish(self, event_name: str, payload: dict[str, Any], metadata: dict[str, Any]) -> None:
        """The event is handed over to the worker."""

    def on_publish_error(self, event_name: str, error: Exception, payload: dict[str, Any]) -> None:
        """A hook has raised; ``payload`` is empty when there is none yet."""

    def publish(self, ctx: StepEventContext, event_name: str | None = None) -> bool:
        """Run the hooks; True when the event is to be published. The name is the step's when none is given."""
        return self.prepare(ctx, event_name) is not None

    def prepare(self, ctx: StepEventContext, event_name: str | None = None) -> PreparedEvent | None:
        """The event that the hooks made; None when one of them refused or raised."""
        name = event_name or ctx.step_name
        payload: dict[str, Any] = {}
        try:
            if not self.should_publish(ctx):
                return None
            payload = self.transform_payload(ctx)
            metadata = {**self._base_metadata(ctx), **self.additional_metadata(ctx)}
            if not self.before_publish(name, payload, metadata):
                return None
        except Exception as error:
            self.report_error(name, error, payload)
            return None
        try:
            self.after_publish(name, payload, metadata)
        except Exception as error:
            self.report_error(name, error, payload)  # too late to take the event back
        return PreparedEvent(name, payload, metadata)

    def report_error(self, event_name: str, error: Exception, payload: dict[str, Any]) -> None:
        """Tell the log and ``on_publish_error``."""
        logger.warning(
            "event %s: publisher %s: %s: %s",
            event_name,
            type(self).__name__,
            type(error).__name__,
            error,
        )
        try:
            self.on_publish_error(event_name, error, payload)
        except Exception as second:
            logger.warning("on_publish_error of %s raised %s: %s", type(self).__name__, type(second).__name__, second)

    def _base_metadata(self, ctx: StepEventContext) -> dict[str, Any]:
        now = datetime.datetime.now(datetime.timezone.utc)
        return {
            "publisher": self.publisher_name,
            "published_at": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z",
            "task_uuid": ctx.task_uuid,
            "step_uuid": ctx.step_uuid,
            "step_name": ctx.step_name,
            "namespace": ctx.namespace,
            "correlation_id": ctx.correlation_id,
        }


class DefaultPublisher(BasePublisher):
    """The step's result as it is."""

    @property
    def publisher_name(self) -> str:
        return "default"

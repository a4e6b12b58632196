"""What a handler is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from tasker_core.errors import StepCancelledError
from tasker_core.types.event import StepEvent

if TYPE_CHECKING:
    from tasker_core.models import TaskSequenceStepWrapper

DEFAULT_MAX_RETRIES = 3


class CancellationProbe(Protocol):
    """The worker's side of a running step, as the context sees it."""

    @property
    def cancelled(self) -> bool: ...

    progress: tuple[Any, Any, Any] | None


def _unwrap(value: Any) -> Any:
    """The inner value of ``{"result": inner}``, exactly once."""
    if isinstance(value, dict) and "result" in value:
        return value["result"]
    return value


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


class StepContext(BaseModel):
    """Input, results of earlier steps, configuration and retry state of one step."""

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="ignore")

    event: StepEvent
    task_uuid: UUID
    step_uuid: UUID
    correlation_id: UUID
    handler_name: str
    input_data: dict[str, Any] = Field(default_factory=dict)
    dependency_results: dict[str, Any] = Field(default_factory=dict)
    step_config: dict[str, Any] = Field(default_factory=dict)
    step_inputs: dict[str, Any] = Field(default_factory=dict)
    retry_count: int = 0
    max_retries: int = DEFAULT_MAX_RETRIES

    _probe: CancellationProbe | None = PrivateAttr(default=None)

    @classmethod
    def from_event(cls, event: StepEvent, handler_name: str) -> StepContext:
        """Build the context of a step event. Members that are missing become empty."""
        data = event.task_sequence_step
        task = _object(data.get("task"))
        inner = task.get("task")
        context = inner.get("context") if isinstance(inner, dict) else task.get("context")
        step = _object(data.get("workflow_step"))
        handler = _object(_object(data.get("step_definition")).get("handler"))
        attempts = step.get("attempts")
        max_attempts = step.get("max_attempts")
        return cls.model_construct(
            event=event,
            task_uuid=event.task_uuid,
            step_uuid=event.step_uuid,
            correlation_id=event.correlation_id,
            handler_name=handler_name,
            input_data=_object(context),
            dependency_results=_object(data.get("dependency_results")),
            step_config=_object(handler.get("initialization")),
            step_inputs=_object(step.get("inputs")),
            retry_count=attempts if isinstance(attempts, int) else 0,
            max_retries=max_attempts if isinstance(max_attempts, int) else DEFAULT_MAX_RETRIES,
        )

    @classmethod
    def from_ffi_event(cls, event: StepEvent, handler_name: str) -> StepContext:
        """The older name of :meth:`from_event`."""
        return cls.from_event(event, handler_name)

    @property
    def task_sequence_step(self) -> TaskSequenceStepWrapper:
        """The event's data behind typed accessors."""
        from tasker_core.models import TaskSequenceStepWrapper

        return TaskSequenceStepWrapper.from_dict(self.event.task_sequence_step)

    # Input and configuration

    def get_input(self, key: str) -> Any:
        """One key of the task's context; None when missing."""
        return self.input_data.get(key)

    def get_input_or(self, key: str, default: Any = None) -> Any:
        """One key of the task's context; ``default`` when missing or null."""
        value = self.input_data.get(key)
        return default if value is None else value

    def get_config(self, key: str) -> Any:
        """One key of the handler's ``initialization``; None when missing."""
        return self.step_config.get(key)

    # Results of earlier steps

    def get_dependency_result(self, step_name: str) -> Any:
        """The result of an ancestor step, unwrapped; None when that step did not run."""
        return _unwrap(self.dependency_results.get(step_name))

    def get_dependency_field(self, step_name: str, *path: str) -> Any:
        """A nested member of an ancestor's result; None as soon as the path ends."""
        value = self.get_dependency_result(step_name)
        for key in path:
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    def get_all_dependency_results(self, prefix: str) -> list[Any]:
        """Results of all ancestors whose name begins with ``prefix``, unwrapped, nulls dropped."""
        found = (_unwrap(value) for name, value in self.dependency_results.items() if name.startswith(prefix))
        return [value for value in found if value is not None]

    def get_dependency_result_keys(self) -> list[str]:
        """Names of the ancestor steps that have a result."""
        return list(self.dependency_results)

    # Retries

    def is_retry(self) -> bool:
        """Whether an earlier attempt of this step has ended."""
        return self.retry_count > 0

    def is_last_retry(self) -> bool:
        """Whether no attempt follows this one."""
        return self.retry_count >= self.max_retries - 1

    # Checkpoints

    @property
    def checkpoint(self) -> dict[str, Any] | None:
        """The last accepted checkpoint of this step, or None."""
        value = _object(self.event.task_sequence_step.get("workflow_step")).get("checkpoint")
        return value if isinstance(value, dict) else None

    @property
    def checkpoint_cursor(self) -> Any:
        return (self.checkpoint or {}).get("cursor")

    @property
    def checkpoint_items_processed(self) -> int:
        value = (self.checkpoint or {}).get("items_processed")
        return value if isinstance(value, int) else 0

    @property
    def accumulated_results(self) -> Any:
        return (self.checkpoint or {}).get("accumulated_results")

    def has_checkpoint(self) -> bool:
        return self.checkpoint is not None

    # The running step

    @property
    def cancelled(self) -> bool:
        """Whether somebody wants this step to stop: it was cancelled, ran out of time, or the worker must leave."""
        return self._probe is not None and self._probe.cancelled

    def raise_if_cancelled(self) -> None:
        """Raise :class:`StepCancelledError` when the step should stop; long loops call this now and then."""
        if self.cancelled:
            raise StepCancelledError("the step was asked to stop")

    def report_progress(self, done: float, total: float | None = None, message: str | None = None) -> None:
        """Progress to show with the next heartbeat; cheap enough to call often."""
        if self._probe is not None:
            self._probe.progress = (done, total, message)

"""Typed views of the step event's data."""

from __future__ import annotations

from collections.abc import Iterator, KeysView
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class DependencyResultsWrapper:
    """Results of earlier steps by name."""

    def __init__(self, results: dict[str, Any] | None = None) -> None:
        self._results = dict(results or {})

    @classmethod
    def from_dict(cls, results: dict[str, Any] | None) -> DependencyResultsWrapper:
        return cls(results)

    def get_result(self, step_name: str) -> Any:
        """As stored, with status and metadata."""
        return self._results.get(step_name)

    def get_results(self, step_name: str) -> Any:
        """The handler's result: the member ``result``, unwrapped once."""
        value = self._results.get(step_name)
        return value["result"] if isinstance(value, dict) and "result" in value else value

    def __getitem__(self, step_name: str) -> Any:
        return self._results[step_name]

    def __contains__(self, step_name: object) -> bool:
        return step_name in self._results

    def __iter__(self) -> Iterator[str]:
        return iter(self._results)

    def __len__(self) -> int:
        return len(self._results)

    def keys(self) -> KeysView[str]:
        return self._results.keys()

    def to_dict(self) -> dict[str, Any]:
        return dict(self._results)


class _View(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class HandlerWrapper(_View):
    """How the template names the handler."""

    callable: str = ""
    initialization: dict[str, Any] = Field(default_factory=dict)
    handler_method: str | None = Field(default=None, alias="method")
    resolver: str | None = None


class TaskWrapper(_View):
    """The task a step belongs to."""

    task_uuid: str = ""
    context: dict[str, Any] = Field(default_factory=dict)
    namespace_name: str = "default"
    task_name: str = ""
    task_version: str = "1.0.0"
    correlation_id: str | None = None
    parent_correlation_id: str | None = None

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> TaskWrapper:
        """Read both ``task.task.context`` and ``task.context``."""
        inner = data.get("task")
        merged = {**data, **inner} if isinstance(inner, dict) else dict(data)
        return cls.model_validate({key: value for key, value in merged.items() if value is not None})


class WorkflowStepWrapper(_View):
    """The step's own record."""

    workflow_step_uuid: str = ""
    task_uuid: str = ""
    name: str = ""
    template_step_name: str = ""
    named_step_uuid: str | None = None
    retryable: bool = True
    max_attempts: int = 3
    in_process: bool = False
    processed: bool = False
    processed_at: str | None = None
    attempts: int = 0
    last_attempted_at: str | None = None
    backoff_request_seconds: float | None = None
    inputs: dict[str, Any] = Field(default_factory=dict)
    results: Any = None
    checkpoint: dict[str, Any] | None = None
    created_at: str | None = None
    updated_at: str | None = None


class StepDefinitionWrapper(_View):
    """The step as the template defines it."""

    name: str = ""
    description: str | None = None
    handler: HandlerWrapper = Field(default_factory=HandlerWrapper)
    dependencies: list[str] = Field(default_factory=list)
    retry: dict[str, Any] = Field(default_factory=dict)
    timeout_seconds: float = 30
    publishes_events: list[Any] = Field(default_factory=list)


def _present(data: Any) -> dict[str, Any]:
    """Null members fall back to their defaults."""
    return {key: value for key, value in data.items() if value is not None} if isinstance(data, dict) else {}


class TaskSequenceStepWrapper(BaseModel):
    """Task, step, definition and earlier results together."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    task: TaskWrapper
    workflow_step: WorkflowStepWrapper
    dependency_results: DependencyResultsWrapper
    step_definition: StepDefinitionWrapper

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> TaskSequenceStepWrapper:
        definition = _present(data.get("step_definition"))
        if isinstance(definition.get("handler"), dict):
            definition["handler"] = _present(definition["handler"])
        return cls(
            task=TaskWrapper.from_dict(_present(data.get("task"))),
            workflow_step=WorkflowStepWrapper.model_validate(_present(data.get("workflow_step"))),
            dependency_results=DependencyResultsWrapper.from_dict(data.get("dependency_results")),
            step_definition=StepDefinitionWrapper.model_validate(definition),
        )

    def get_task_field(self, key: str) -> Any:
        """One key of the task's context."""
        return self.task.context.get(key)

    def get_dependency_result(self, step_name: str) -> Any:
        """The result of an earlier step, unwrapped."""
        return self.dependency_results.get_results(step_name)

    def get_results(self, step_name: str) -> Any:
        """The same under its older name."""
        return self.dependency_results.get_results(step_name)

"""What an aggregator finds: the results of batch workers, or that there were none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tasker_core.models import DependencyResultsWrapper

PLACEHOLDER_BATCH_ID = "000"


@dataclass
class BatchAggregationScenario:
    """``batch_results`` holds the workers' results by step name, unwrapped."""

    is_no_batches: bool
    batchable_result: dict[str, Any]
    batch_results: dict[str, dict[str, Any]] = field(default_factory=dict)
    worker_count: int = 0

    def no_batches(self) -> bool:
        """Whether there was nothing to do."""
        return self.is_no_batches

    @classmethod
    def detect(
        cls, dependency_results: dict[str, Any] | DependencyResultsWrapper, step_name: str, prefix: str
    ) -> BatchAggregationScenario:
        """Look at the analyzer ``step_name`` and the workers whose names begin with ``prefix``.

        Raises ``ValueError`` when the analyzer's result is missing, or when there is neither a worker nor the
        outcome ``no_batches``.
        """
        results = (
            dependency_results
            if isinstance(dependency_results, DependencyResultsWrapper)
            else DependencyResultsWrapper.from_dict(dependency_results)
        )
        analyzed = results.get_results(step_name)
        if analyzed is None:
            raise ValueError(f"there is no result of the step {step_name!r}; known: {', '.join(results) or 'none'}")
        analyzed = analyzed if isinstance(analyzed, dict) else {}
        outcome = analyzed.get("batch_processing_outcome")
        if isinstance(outcome, dict) and outcome.get("type") == "no_batches":
            return cls(True, analyzed)
        found: dict[str, dict[str, Any]] = {}
        for name in results:
            if name.startswith(prefix):
                value = results.get_results(name)
                if value is not None:
                    found[name] = value
        if not found:
            raise ValueError(
                f"no results of steps that begin with {prefix!r}, and {step_name!r} did not say that there are none"
            )
        if _only_placeholder(found):
            return cls(True, analyzed)
        return cls(False, analyzed, found, len(found))


def _only_placeholder(results: dict[str, dict[str, Any]]) -> bool:
    """The worker ``000`` runs without work when there are no batches."""
    return all(
        isinstance(value, dict) and value.get("no_op") is True and name.endswith(PLACEHOLDER_BATCH_ID)
        for name, value in results.items()
    )

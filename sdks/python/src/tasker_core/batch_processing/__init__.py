"""Splitting large work into batches that run in parallel."""

from tasker_core.batch_processing.aggregation import BatchAggregationScenario
from tasker_core.batch_processing.batchable import Batchable
from tasker_core.types.batch import BatchWorkerConfig

__all__ = ["BatchAggregationScenario", "BatchWorkerConfig", "Batchable"]

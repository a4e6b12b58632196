"""Health, counters and settings of the worker of this process."""

from tasker_core.types.worker import ComponentHealth, HealthCheck, WorkerConfig, WorkerMetrics
from tasker_core.worker.facade import get_health_check, get_metrics, get_worker_config

__all__ = [
    "ComponentHealth",
    "HealthCheck",
    "WorkerConfig",
    "WorkerMetrics",
    "get_health_check",
    "get_metrics",
    "get_worker_config",
]

"""Starting and stopping the worker of this process."""

from tasker_core.types.worker import BootstrapConfig, BootstrapResult, WorkerStatus
from tasker_core.worker.facade import (
    bootstrap_worker,
    get_worker_status,
    is_worker_running,
    stop_worker,
    transition_to_graceful_shutdown,
)

__all__ = [
    "BootstrapConfig",
    "BootstrapResult",
    "WorkerStatus",
    "bootstrap_worker",
    "get_worker_status",
    "is_worker_running",
    "stop_worker",
    "transition_to_graceful_shutdown",
]

"""What the worker tells about itself."""

from __future__ import annotations

from enum import Enum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class BootstrapConfig(BaseModel):
    """How to start a worker in this process; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")

    worker_id: str | None = None
    namespace: str = "default"
    config_path: str | None = None
    log_level: str = "info"


class BootstrapResult(BaseModel):
    """How the start went: ``status`` is ``started`` or ``already_running``."""

    success: bool
    handle_id: str = ""
    worker_id: str = ""
    status: str = "started"
    message: str = ""
    error_message: str | None = None


class WorkerState(str, Enum):
    """Life of the worker of this process."""

    STOPPED = "stopped"
    RUNNING = "running"
    DRAINING = "draining"


class WorkerStatus(BaseModel):
    """The worker at a glance. The fields of the database pool exist for older callers and stay None."""

    running: bool
    environment: str | None = None
    worker_core_status: str | None = None
    web_api_enabled: bool = False
    supported_namespaces: list[str] = Field(default_factory=list)
    database_pool_size: int | None = None
    database_pool_idle: int | None = None
    error: str | None = None


class ComponentHealth(BaseModel):
    """One part of the worker."""

    name: str
    status: str
    message: str | None = None


class HealthCheck(BaseModel):
    """All parts; ``healthy`` when every one is."""

    status: str
    is_healthy: bool
    components: dict[str, ComponentHealth] = Field(default_factory=dict)
    worker_id: str | None = None


class WorkerMetrics(BaseModel):
    """Counters since the start."""

    steps_processed: int = 0
    steps_failed: int = 0
    steps_running: int = 0
    slots: int = 0
    extra: dict[str, Any] = Field(default_factory=dict)


class WorkerConfig(BaseModel):
    """The settings in force; the broker's address is shown without its password."""

    worker_id: str
    namespaces: list[str]
    queues: list[str]
    slots: int
    grace_seconds: float
    queue_type: str
    queue_prefix: str
    amqp_url: str
    environment: str = "development"

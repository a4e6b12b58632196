"""A worker inside an application: ``Worker.start()`` and its plain-function siblings."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from uuid import uuid4

from tasker_core.exceptions import WorkerBootstrapError, WorkerNotInitializedError
from tasker_core.handler import HandlerRegistry
from tasker_core.types.worker import (
    BootstrapConfig,
    BootstrapResult,
    ComponentHealth,
    HealthCheck,
    WorkerConfig,
    WorkerMetrics,
    WorkerStatus,
)
from tasker_core.worker.amqp import AmqpWorker
from tasker_core.worker.loading import load_handlers
from tasker_core.worker.settings import read_settings


class Worker:
    """The worker of this process. :meth:`start` does not wait for the broker; settings come from ``TASKER_*``."""

    _current: Worker | None = None
    _lock = threading.RLock()

    def __init__(self, runtime: AmqpWorker, result: BootstrapResult) -> None:
        self._runtime = runtime
        self._result = result

    @classmethod
    def start(
        cls, handler_packages: str | Iterable[str] | None = None, config: BootstrapConfig | None = None
    ) -> Worker:
        """Load handlers and connect in the background; a second call gives the running worker.

        Raises :class:`WorkerBootstrapError` for wrong settings and for packages that cannot be loaded.
        """
        with cls._lock:
            if cls._current is not None and cls._current.is_running:
                return cls._current
            chosen = config or BootstrapConfig()
            namespaces = [chosen.namespace] if config is not None and "namespace" in config.model_fields_set else []
            settings = read_settings(namespaces=namespaces, worker_id=chosen.worker_id)
            registry = HandlerRegistry.instance()
            packages = [handler_packages] if isinstance(handler_packages, str) else list(handler_packages or [])
            load_handlers(packages, registry)
            if not packages and registry.handler_count() == 0:
                registry.bootstrap_handlers()
            runtime = AmqpWorker(settings, registry)
            runtime.start()
            result = BootstrapResult(
                success=True, handle_id=str(uuid4()), worker_id=runtime.worker_id, message="worker started"
            )
            cls._current = cls(runtime, result)
            return cls._current

    @classmethod
    def instance(cls) -> Worker | None:
        """The worker of this process, also one that has stopped; None before the first start."""
        return cls._current

    @classmethod
    def reset_instance(cls) -> None:
        """Stop and forget the worker (for tests)."""
        with cls._lock:
            if cls._current is not None:
                cls._current.stop()
            cls._current = None

    def stop(self, reason: str = "stop") -> None:
        """Let running steps finish within the grace period, then leave; a second call only waits."""
        self._runtime.drain(reason)
        self._runtime.wait()

    def begin_stop(self, reason: str = "graceful shutdown") -> None:
        """The same without waiting."""
        self._runtime.drain(reason)

    def wait_until_ready(self, timeout: float | None = None) -> bool:
        """Until the orchestrator's queue has the first hello; False when ``timeout`` seconds pass before."""
        return self._runtime.ready.wait(timeout)

    @property
    def is_running(self) -> bool:
        return not self._runtime.has_ended

    @property
    def worker_id(self) -> str:
        return self._runtime.worker_id

    @property
    def bootstrap_result(self) -> BootstrapResult:
        return self._result

    @property
    def runtime(self) -> AmqpWorker:
        """The machinery, for status and settings."""
        return self._runtime

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def bootstrap_worker(config: BootstrapConfig | None = None) -> BootstrapResult:
    """Start the worker of this process."""
    with Worker._lock:
        if is_worker_running():
            running = _running()
            return running.bootstrap_result.model_copy(
                update={"status": "already_running", "message": "worker already running"}
            )
        try:
            return Worker.start(config=config).bootstrap_result
        except WorkerBootstrapError as error:
            return BootstrapResult(success=False, status="failed", error_message=str(error))


def stop_worker() -> str:
    """Stop the worker of this process and wait for it."""
    if not is_worker_running():
        return "Worker system not running"
    _running().stop()
    return "Worker system stopped"


def transition_to_graceful_shutdown() -> str:
    """Begin to stop without waiting."""
    if not is_worker_running():
        return "Worker system not running"
    _running().begin_stop()
    return "Worker system is shutting down"


def is_worker_running() -> bool:
    """Whether this process has a worker that has not left."""
    worker = Worker.instance()
    return worker is not None and worker.is_running


def get_worker_status() -> WorkerStatus:
    """The worker at a glance."""
    if not is_worker_running():
        return WorkerStatus(running=False, error="Worker system not initialized")
    runtime = _running().runtime
    return WorkerStatus(
        running=True,
        environment=_environment(),
        worker_core_status="draining" if runtime.machine.draining else "active",
        supported_namespaces=list(runtime.settings.namespaces),
    )


def get_health_check() -> HealthCheck:
    """Whether the worker takes steps. Raises :class:`WorkerNotInitializedError` when there is none."""
    runtime = _running().runtime
    broker = ComponentHealth(
        name="broker",
        status="healthy" if runtime.is_connected else "unhealthy",
        message=None if runtime.is_connected else "not connected to RabbitMQ; trying",
    )
    return HealthCheck(
        status=broker.status,
        is_healthy=runtime.is_connected,
        components={"broker": broker},
        worker_id=runtime.worker_id,
    )


def get_metrics() -> WorkerMetrics:
    """Counters since the start. Raises :class:`WorkerNotInitializedError` when there is no worker."""
    runtime = _running().runtime
    return WorkerMetrics(
        steps_processed=runtime.machine.processed_total,
        steps_failed=runtime.machine.failed_total,
        steps_running=runtime.machine.slots_used,
        slots=runtime.settings.slots,
    )


def get_worker_config() -> WorkerConfig:
    """The settings in force. Raises :class:`WorkerNotInitializedError` when there is no worker."""
    runtime = _running().runtime
    settings = runtime.settings
    return WorkerConfig(
        worker_id=runtime.worker_id,
        namespaces=list(settings.namespaces),
        queues=list(settings.queues),
        slots=settings.slots,
        grace_seconds=settings.grace_seconds,
        queue_type=settings.queue_type,
        queue_prefix=settings.queue_prefix,
        amqp_url=settings.shown_url,
        environment=_environment(),
    )


def _running() -> Worker:
    worker = Worker.instance()
    if worker is None or not worker.is_running:
        raise WorkerNotInitializedError("Worker has not been started: call Worker.start() or bootstrap_worker()")
    return worker


def _environment() -> str:
    return os.environ.get("TASKER_ENV") or "development"

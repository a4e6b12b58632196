"""A worker inside an application."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.broker import Desk
from support.messages import execute
from tasker_core import (
    BootstrapConfig,
    Worker,
    WorkerNotInitializedError,
    bootstrap_worker,
    get_health_check,
    get_metrics,
    get_worker_config,
    get_worker_status,
    is_worker_running,
    stop_worker,
    transition_to_graceful_shutdown,
)

pytestmark = pytest.mark.broker


@pytest.fixture(autouse=True)
def no_worker() -> Iterator[None]:
    yield
    Worker.reset_instance()


def test_start_and_stop(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in desk.environment.items():
        monkeypatch.setenv(name, value)
    worker = Worker.start("support.handlers", BootstrapConfig(worker_id="app"))
    assert Worker.start() is worker
    assert worker.worker_id.startswith("app-")
    assert worker.wait_until_ready(30)
    assert is_worker_running()
    assert bootstrap_worker().status == "already_running"
    desk.send(execute("echo"))
    assert desk.result()["status"] == "completed"
    assert (get_metrics().steps_processed, get_metrics().steps_failed) == (1, 0)
    assert get_health_check().is_healthy
    assert get_worker_status().supported_namespaces == ["default"]
    assert get_worker_config().queue_prefix == desk.prefix
    assert "guest@" in get_worker_config().amqp_url
    assert "guest:guest" not in get_worker_config().amqp_url
    assert transition_to_graceful_shutdown() == "Worker system is shutting down"
    worker.stop()
    assert not is_worker_running()
    assert stop_worker() == "Worker system not running"


def test_without_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    assert get_worker_status().error == "Worker system not initialized"
    assert stop_worker() == "Worker system not running"
    for ask in (get_health_check, get_metrics, get_worker_config):
        with pytest.raises(WorkerNotInitializedError, match="Worker has not been started"):
            ask()
    monkeypatch.setenv("TASKER_SLOTS", "none")
    failed = bootstrap_worker()
    assert not failed.success
    assert "TASKER_SLOTS" in (failed.error_message or "")

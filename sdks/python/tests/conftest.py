"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from support.broker import SCRIPT, Desk, Node
from support.conformance import ConformanceRun
from support.page import run_over_amqp, run_over_stdio
from support.process import WorkerProcess
from tasker_core import HandlerRegistry

_RUNS: dict[str, Callable[[Path], ConformanceRun]] = {
    "stdio": lambda _: ConformanceRun("stdio"),
    "amqp": lambda _: ConformanceRun("amqp"),
    "page-stdio": run_over_stdio,
    "page-amqp": run_over_amqp,
}
_conformance_runs: dict[str, ConformanceRun] = {}
_folder = tempfile.TemporaryDirectory(prefix="tasker-sdk-page-")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The conformance tests collect what was started first, so they come last."""
    items.sort(key=lambda item: "conformance_runs" in getattr(item, "fixturenames", ()))


def pytest_collection_finish(session: pytest.Session) -> None:
    wanted = [item for item in session.items if "conformance_runs" in getattr(item, "fixturenames", ())]
    if wanted and not session.config.option.collectonly:
        for item in wanted:
            name = item.callspec.params["run"]  # type: ignore[attr-defined]
            if "stdio" in name or _missing() is None:
                _conformance_runs[name] = _RUNS[name](Path(_folder.name))


def pytest_sessionfinish() -> None:
    for run in _conformance_runs.values():
        run.close()
    _folder.cleanup()


@pytest.fixture
def conformance_runs(request: pytest.FixtureRequest) -> dict[str, ConformanceRun]:
    """The runs that began with the session, by name."""
    if request.node.callspec.params["run"] not in _conformance_runs:
        _no_broker(_missing())
    return _conformance_runs


@pytest.fixture(autouse=True)
def fresh_registry() -> Iterator[None]:
    HandlerRegistry.reset_instance()
    yield
    HandlerRegistry.reset_instance()


def _missing() -> str | None:
    """Why no private node can be started here."""
    if not SCRIPT.exists():
        return f"{SCRIPT} is missing: run the tests inside the repository"
    places = (os.environ.get("TASKER_RABBITMQ_SBIN", ""), "/usr/lib/rabbitmq/bin")
    if not any(place and (Path(place) / "rabbitmq-server").exists() for place in places):
        return "rabbitmq-server is not installed (scripts/install-dependencies broker)"
    return None


def _private_node(*options: str) -> Node:
    reason = _missing()
    if reason is not None:
        _no_broker(reason)
    return Node.start(*options)


def _no_broker(reason: str | None) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"CI is set and there is no broker: {reason}")
    pytest.skip(f"no broker: {reason}")


@pytest.fixture(scope="session")
def private_node() -> Iterator[Node]:
    """A node that tests may stop, and whose connections they may close."""
    started = _private_node()
    try:
        yield started
    finally:
        started.remove()


@pytest.fixture(scope="module")
def tls_node() -> Iterator[Node]:
    """A node that also listens with TLS."""
    started = _private_node("--tls")
    try:
        yield started
    finally:
        started.remove()


@pytest.fixture(scope="session")
def node(request: pytest.FixtureRequest) -> Node:
    """A node to use and leave as it is: the broker of ``TASKER_TEST_AMQP_URL``, or the private one."""
    url = os.environ.get("TASKER_TEST_AMQP_URL")
    if url:
        return Node(None, url)
    private: Node = request.getfixturevalue("private_node")
    return private


@pytest.fixture
def make_desk() -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(node: Node, queue_type: str = "quorum", **declared: bool) -> Desk:
        desk = Desk(node, queue_type)
        desk.declare(**declared)
        made.append(desk)
        return desk

    yield make
    for desk in made:
        desk.close()


@pytest.fixture
def desk(node: Node, make_desk: Callable[..., Desk]) -> Desk:
    return make_desk(node)


@pytest.fixture
def classic_desk(node: Node, make_desk: Callable[..., Desk]) -> Desk:
    """For tests that count consumers: a quorum queue counts a cancelled one while it has unacked deliveries."""
    return make_desk(node, "classic")


@pytest.fixture
def private_desk(private_node: Node, make_desk: Callable[..., Desk]) -> Desk:
    """On the node that the test may stop."""
    return make_desk(private_node)


@pytest.fixture
def private_classic_desk(private_node: Node, make_desk: Callable[..., Desk]) -> Desk:
    return make_desk(private_node, "classic")


@pytest.fixture
def start_worker() -> Iterator[Callable[..., WorkerProcess]]:
    started: list[WorkerProcess] = []

    def start(*arguments: str, **environment: str) -> WorkerProcess:
        worker = WorkerProcess(*arguments, **environment)
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.close()

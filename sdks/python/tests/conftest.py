"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.broker import SCRIPT, Desk, Node
from support.process import WorkerProcess
from tasker_core import HandlerRegistry


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


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    """A private RabbitMQ node for the session, or the broker of ``TASKER_TEST_AMQP_URL``."""
    url = os.environ.get("TASKER_TEST_AMQP_URL")
    if url:
        yield Node(None, url)
        return
    reason = _missing()
    if reason is not None:
        if os.environ.get("CI"):
            pytest.fail(f"CI is set and there is no broker: {reason}")
        pytest.skip(f"no broker: {reason}; or set TASKER_TEST_AMQP_URL")
    started = Node.start()
    try:
        yield started
    finally:
        started.remove()


@pytest.fixture
def private_node(node: Node) -> Node:
    """A node that the test may stop, or whose connections it may close."""
    if not node.private:
        pytest.skip("needs a private node: unset TASKER_TEST_AMQP_URL")
    return node


@pytest.fixture
def desk(node: Node) -> Iterator[Desk]:
    made = Desk(node)
    made.declare()
    yield made
    made.close()


@pytest.fixture
def classic_desk(node: Node) -> Iterator[Desk]:
    """For tests that count consumers: a quorum queue counts a cancelled one while it has unacked deliveries."""
    made = Desk(node, "classic")
    made.declare()
    yield made
    made.close()


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

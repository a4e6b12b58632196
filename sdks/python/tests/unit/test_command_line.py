"""What the worker command says before it connects."""

from __future__ import annotations

import pytest

from support.process import WorkerProcess


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        ((), {"TASKER_SLOTS": "many"}, "slots (--slots, TASKER_SLOTS) is 'many'"),
        (("--namespace", "a,b"), {}, "name the queue of this fleet"),
        (("--amqp", "localhost"), {}, "write amqp://user:password@host:5672/vhost"),
        (("--transport", "carrier-pigeon"), {}, "invalid choice"),
    ],
)
def test_wrong_settings(arguments: tuple[str, ...], environment: dict[str, str], told: str) -> None:
    worker = WorkerProcess(*arguments, **environment)
    try:
        assert worker.wait() == 2
        assert told in worker.output
        assert "Traceback" not in worker.output
    finally:
        worker.close()


@pytest.mark.parametrize(
    ("modules", "told"),
    [
        (("no.such.module",), "there is no module 'no.such.module'"),
        (("support.waiting",), "no handlers in support.waiting"),
        ((), "no handlers: name a module"),
    ],
)
def test_missing_handlers(modules: tuple[str, ...], told: str) -> None:
    worker = WorkerProcess(modules=modules)
    try:
        assert worker.wait() == 2
        assert told in worker.output
        assert "Traceback" not in worker.output
    finally:
        worker.close()

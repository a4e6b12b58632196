"""What the worker command says before it connects."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.process import SOURCE, WorkerProcess


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


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import sys\nsys.exit(0)\n", "app.handlers cannot be imported: it calls sys.exit(0); put that under"),
        ("def call(:\n    pass\n", "handlers.py, line 1)"),
        ('raise RuntimeError("no settings\\nat all")\n', "cannot be imported: RuntimeError: no settings at all ("),
        ("import not_there\n", "app.handlers needs the module 'not_there', which is not installed ("),
    ],
)
def test_a_module_that_cannot_be_imported(tmp_path: Path, source: str, told: str) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "handlers.py").write_text(source)
    worker = WorkerProcess(modules=("app.handlers",), PYTHONPATH=os.pathsep.join((str(SOURCE), str(tmp_path))))
    try:
        assert worker.wait() == 2
        [line] = worker.output.splitlines()
        assert line.startswith("error: ")
        assert told in line
    finally:
        worker.close()


def test_help_shows_an_example() -> None:
    worker = WorkerProcess("--help", modules=())
    try:
        assert worker.wait() == 0
        assert "python -m tasker_core.worker app.handlers --namespace ecommerce --slots 10" in worker.output
        for flag in ("--namespace", "--queue", "--slots", "--amqp", "--transport", "--any-handler", "--log-level"):
            assert flag in worker.output
    finally:
        worker.close()

"""Handlers that do what they should not, in a real worker process on a real broker."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from support.broker import Desk
from support.messages import execute
from support.process import WorkerProcess

pytestmark = pytest.mark.broker
Start = Callable[..., WorkerProcess]


def test_every_one_is_answered_and_the_worker_lives_on(desk: Desk, start_worker: Start) -> None:
    worker = start_worker("support.bad_handlers", **desk.environment)
    worker.wait_ready()
    answers = {}
    for name, context, method in (
        ("ends", {"code": 1}, "call"),
        ("ends", {"code": 1}, "later"),
        ("ends", {}, "interrupt"),
        ("forks", {"child": "return"}, "call"),
        ("junk", {"kind": "object"}, "call"),
        ("leaves_thread", {}, "call"),
        ("fine", {}, "call"),
    ):
        desk.send(execute(name, context, handler={"method": method}))
        sent = desk.result()
        answers[f"{name}.{method}"] = (sent["status"], (sent["error"] or {}).get("error_type"))
    assert answers == {
        "ends.call": ("failed", "SystemExit"),
        "ends.later": ("failed", "SystemExit"),
        "ends.interrupt": ("failed", "KeyboardInterrupt"),
        "forks.call": ("completed", None),
        "junk.call": ("failed", "handler_error"),
        "leaves_thread.call": ("completed", None),
        "fine.call": ("completed", None),
    }
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 0
    assert "threads of handlers still run (left-behind)" in worker.output
    assert desk.depth() == 0


def test_a_handler_that_hangs_is_interrupted_and_the_worker_ends(desk: Desk, start_worker: Start) -> None:
    worker = start_worker("support.bad_handlers", TASKER_GRACE_SECONDS="0.2", **desk.environment)
    worker.wait_ready()
    desk.send(execute("hangs", step={"timeout_ms": 100}))
    # Past its time the handler runs on, for Python cannot stop it: the orchestrator's timer decides.
    desk.next_of("step.heartbeat")
    worker.signal(signal.SIGTERM)
    sent = desk.result()
    assert (sent["status"], sent["error"]["error_type"]) == ("abandoned", "interrupted")
    assert worker.wait() == 0

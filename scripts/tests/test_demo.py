"""scripts/demo with real servers and workers, in a folder of the test's own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from conftest import ROOT, eventually, processes_naming, run

DEMO = ROOT / "scripts/demo"
ORDERS = ROOT / "templates/tasks/data/orders.json"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    run(DEMO, "down", env={"TASKER_STATE": str(tmp_path)})


def demo(state: Path, *arguments: str, **options: str) -> subprocess.CompletedProcess[str]:
    return run(DEMO, *arguments, env={"TASKER_STATE": str(state), **options}, timeout=1800)


def left_running(state: Path) -> list[str]:
    """Processes of the demo that are still there once a moment was given to helpers that end with their parent."""
    eventually(lambda: not processes_naming(f"={state}/"), seconds=10)
    return processes_naming(f"={state}/")


class Background:
    """A demo that runs while the test goes on; its stderr is read from a file."""

    def __init__(self, state: Path, orders: int) -> None:
        self.errors = state / "stderr.txt"
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [DEMO],
                env={**os.environ, "TASKER_STATE": str(state), "TASKER_DEMO_ORDERS": str(orders)},
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )

    def wait_for(self, text: str) -> None:
        assert eventually(lambda: text in self.errors.read_text() or self.process.poll() is not None, seconds=1800)
        assert text in self.errors.read_text()


LANGUAGES = {
    "validate_order": "swift",
    "reserve_inventory": "python",
    "authorize_payment": "python",
    "quote_shipping": "typescript",
    "choose_delivery": "ruby",
    "plan_packing": "typescript",
    "pack_box": "typescript",
    "create_order": "swift",
    "confirm_order": "python",
}
DELIVERIES = {"standard_delivery", "express_delivery"}


def test_orders_run_through_four_languages_and_nothing_is_left(state: Path) -> None:
    result = demo(state)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    columns = lines[0].split()
    assert columns[:3] == ["order", "state", "validate_order"]
    assert set(columns[2:]) == LANGUAGES.keys() | DELIVERIES
    rows = [dict(zip(columns, re.split(r"\s{2,}", line), strict=True)) for line in lines[1 : lines.index("")]]
    complete = [row for row in rows if row["state"] == "complete"]
    assert len(rows) == 100
    assert len(complete) == 99
    for row in complete:
        for step, language in LANGUAGES.items():
            assert re.fullmatch(rf"(\d+ x )?{language} (\S+ (ms|s)|<1 ms)", row[step]), row
        chosen = {step for step in DELIVERIES if row[step] != "-"}
        assert len(chosen) == 1, row
        assert all(row[step].startswith("ruby ") for step in chosen), row
    for delivery in DELIVERIES:
        assert any(row[delivery] != "-" for row in complete), f"no order had {delivery}"
    (failed,) = (row for row in rows if row["state"] != "complete")
    assert failed["state"] == "blocked_by_failures"
    assert failed["validate_order"] == "swift error"
    assert {cell for step, cell in failed.items() if step not in {"order", "state", "validate_order"}} == {"-"}
    assert f"{failed['order']}: validate_order (swift): order {failed['order']} is not valid" in result.stdout
    assert left_running(state) == []


def test_up_keeps_running_and_its_data_until_down(state: Path) -> None:
    started = demo(state, "up")
    assert started.returncode == 0, started.stderr
    match = re.search(r"http://127\.0\.0\.1:\d+", started.stderr)
    assert match
    assert "Already running" in demo(state, "up").stderr
    assert demo(state, "status").returncode == 0
    sent = run(ROOT / "scripts/demo-client", "--url", match[0], "--orders", ORDERS, "--count", "3")
    assert "3 complete" in sent.stdout, sent.stderr

    for _ in range(2):
        assert demo(state, "down").returncode == 0
    assert left_running(state) == []
    assert demo(state, "status").returncode == 3

    again = demo(state, "up")
    match = re.search(r"http://127\.0\.0\.1:\d+", again.stderr)
    assert match, again.stderr
    with urlopen(f"{match[0]}/v1/tasks?status=complete") as answer:
        assert json.load(answer)["pagination"]["total_count"] == 3


def test_interrupting_stops_everything(state: Path) -> None:
    background = Background(state, orders=5000)
    background.wait_for("Orchestrator at")
    background.process.send_signal(signal.SIGINT)
    assert background.process.wait(timeout=120) == 130
    assert left_running(state) == []


def test_a_worker_that_ends_is_reported(state: Path) -> None:
    background = Background(state, orders=5000)
    background.wait_for("Orchestrator at")
    os.kill(int((state / "demo/python-worker.pid").read_text()), signal.SIGKILL)
    assert background.process.wait(timeout=120) == 1
    assert "python-worker has ended" in background.errors.read_text()
    assert left_running(state) == []


def test_a_port_that_is_taken_is_named(state: Path) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        result = demo(state, "up", TASKER_PORT=str(port))
    assert result.returncode == 1
    assert f"port {port} is taken" in result.stderr
    assert "TASKER_PORT" in result.stderr
    assert left_running(state) == []

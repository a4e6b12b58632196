"""scripts/demo-client against a small HTTP server that answers as the REST API does."""

from __future__ import annotations

import json
import re
import socket
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import ROOT, run

CLIENT = ROOT / "scripts/demo-client"


class Orders(ThreadingHTTPServer):
    """An orchestrator whose tasks end at once: orders without an amount fail in their first step."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.tasks: dict[str, dict[str, Any]] = {}
        self.refuse: tuple[int, dict[str, Any]] | None = None
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # one write per answer
    server: Orders

    def log_message(self, format: str, *args: object) -> None:
        pass

    def answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.refuse:
            return self.answer(*self.server.refuse)
        task = {"task_uuid": str(uuid.uuid4()), "status": "pending", "request": body}
        with self.server.lock:
            self.server.tasks[task["task_uuid"]] = task
        return self.answer(201, task)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        steps = re.fullmatch(r"/v1/tasks/([^/]+)/workflow_steps", parts.path)
        if steps:
            return self.answer(200, self.steps(self.server.tasks[steps[1]]["request"]["context"]))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        page, size = int(query["page"]), int(query["per_page"])
        found = [
            {"task_uuid": task["task_uuid"], "status": self.state(task["request"]["context"])}
            for task in self.server.tasks.values()
            if query["tag"] in task["request"]["tags"] and query["namespace"] == task["request"]["namespace"]
        ]
        tasks = found[(page - 1) * size : page * size]
        return self.answer(200, {"tasks": tasks, "pagination": {"has_next": page * size < len(found)}})

    @staticmethod
    def state(order: dict[str, Any]) -> str:
        return "complete" if "amount" in order else "blocked_by_failures"

    @staticmethod
    def complete(name: str, language: str, milliseconds: int, template: str | None = None) -> dict[str, Any]:
        return {
            "name": name,
            "template_step_name": template or name,
            "current_state": "complete",
            "worker_language": language,
            "execution_time_ms": milliseconds,
        }

    def steps(self, order: dict[str, Any]) -> list[dict[str, Any]]:
        good = self.state(order) == "complete"
        first = self.complete("validate", "swift", 12)
        if not good:
            first |= {"current_state": "error", "error": {"message": "the order has no amount"}}
        second = {"name": "charge", "current_state": "pending", "worker_language": None, "completed_at": None}
        if good:
            boxes = [self.complete(f"pack_{number}", "ruby", number, "pack") for number in (1, 2)]
            return [first, self.complete("charge", "python", 11_100), *boxes]
        return [first, second]


@pytest.fixture
def server() -> Iterator[Orders]:
    with Orders() as orders:
        thread = threading.Thread(target=orders.serve_forever, daemon=True)
        thread.start()
        yield orders
        orders.shutdown()


@pytest.fixture
def orders_file(tmp_path: Path) -> Path:
    path = tmp_path / "orders.json"
    path.write_text(
        json.dumps([{"order_id": "A-1", "amount": 5}, {"order_id": "A-2"}, {"order_id": "A-3", "amount": 7}])
    )
    return path


def test_prints_each_order_with_its_steps_and_the_reason_of_a_failure(server: Orders, orders_file: Path) -> None:
    result = run(CLIENT, "--url", server.url, "--orders", orders_file)
    assert result.returncode == 0, result.stderr
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0] == ["order", "state", "validate", "charge", "pack"]
    # The workers of a batch share a cell, with the longest duration.
    assert lines[1] == ["A-1", "complete", "swift", "12", "ms", "python", "11.1", "s", "2", "x", "ruby", "2", "ms"]
    assert lines[2] == ["A-2", "blocked_by_failures", "swift", "error", "-", "-"]
    assert "A-2: validate (swift): the order has no amount" in result.stdout
    assert "2 complete, 1 blocked_by_failures" in result.stdout
    assert "2 in python, 4 in ruby, 2 in swift" in result.stdout
    assert "3/3 orders at rest" in result.stderr


def test_goes_through_the_file_again_and_through_all_pages(server: Orders, orders_file: Path) -> None:
    result = run(CLIENT, "--url", server.url, "--orders", orders_file, "--count", "250")
    assert result.returncode == 0, result.stderr
    assert "250 orders" in result.stdout
    assert "167 complete, 83 blocked_by_failures" in result.stdout
    keys = {task["request"]["idempotency_key"] for task in server.tasks.values()}
    assert len(keys) == 250


def test_a_refused_order_ends_with_the_reason_of_the_server(server: Orders, orders_file: Path) -> None:
    server.refuse = (422, {"title": "Validation failed", "detail": "/context/amount: is missing", "status": 422})
    result = run(CLIENT, "--url", server.url, "--orders", orders_file)
    assert result.returncode == 1
    assert "422 /context/amount: is missing" in result.stderr
    assert "Traceback" not in result.stderr


def test_nobody_at_the_address(orders_file: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        result = run(CLIENT, "--url", f"http://127.0.0.1:{unused.getsockname()[1]}", "--orders", orders_file)
    assert result.returncode == 1
    assert "running?" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [("[", "is not JSON"), ("{}", "array of objects"), ("[]", "array of objects"), (None, "cannot read")],
)
def test_a_bad_file_is_named(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "orders.json"
    if content is not None:
        path.write_text(content)
    result = run(CLIENT, "--orders", path)
    assert result.returncode == 1
    assert message in result.stderr
    assert str(path) in result.stderr

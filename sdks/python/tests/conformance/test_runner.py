"""The reference runner finds what is wrong: its patterns, and workers that break the contract."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.conformance import RUNNER


@pytest.fixture
def difference(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(RUNNER.parent))
    return importlib.import_module("runner.patterns").difference


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        (1, 1.0, True),
        (1, True, False),
        (9007199254740993, 9007199254740992, False),
        ("a", "b", False),
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": None}, {}, True),
        ({"a": None}, {"a": 0}, False),
        ([1, 2], [1, 2, 3], False),
        ({"$exactly": {"a": 1}}, {"a": 1, "b": None}, False),
        ({"$exactly": {"a": None}}, {}, False),
        ({"$any_of": [1, "x"]}, "x", True),
        ({"$all_of": [{"$starts_with": "a"}, {"$contains": "c"}]}, "abc", True),
        ({"$not": {"$some": 3}}, [1, 2], True),
        ({"$some": {"k": 2}}, [{"k": 1}, {"k": 2}], True),
        ({"$type": "integer"}, True, False),
        ({"$type": "number"}, 1, True),
        ({"$at_least": 2}, 1, False),
        ({"$max_bytes": 3}, "éé", False),
        ({"$min_length": 1}, [], False),
        ({"$repeat": {"text": "ab", "times": 2}}, "abab", True),
        ({"$var": "id"}, "w1", True),
        ({"$var": "unknown"}, "w1", False),
    ],
)
def test_patterns(difference: Any, pattern: Any, value: Any, matches: bool) -> None:
    assert (difference(pattern, value, {"id": "w1"}) is None) is matches


def run(tmp_path: Path, *arguments: str) -> tuple[int, str, str]:
    line = [sys.executable, str(RUNNER), "--report", str(tmp_path / "report.json"), *arguments]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=300)
    return done.returncode, done.stdout, done.stderr


WORKER = """
import json, sys
line = sys.stdin.readline()
message = json.loads(line)
answer = {
    "protocol": "1.0", "kind": "step.result", "dispatch_id": message["dispatch_id"],
    "task_uuid": message["task"]["uuid"], "step_uuid": message["step"]["uuid"], "status": "completed",
    "result": {"finished": True, "cancelled": False}, "error": None, "checkpoint": None, "events": [], "metadata": {},
    "started_at": "2026-07-01T09:30:00.000Z", "completed_at": "2026-07-01T09:30:00.000Z", "execution_time_ms": 0,
    "worker": {"id": "w", "language": "x", "sdk": "x/1", "hostname": "h"},
}
"""


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("print('hello')", "wrote a line to stdout that is no message"),
        ("", "the worker ended with status 0 and sent no step.result"),
        ("answer['step_uuid'] = answer['task_uuid']\nprint(json.dumps(answer))", "step_uuid is"),
        ("answer['status'] = 'failed'\nprint(json.dumps(answer))", "breaks schemas/sent/step.result.schema.json"),
        ("del answer['events']\nprint(json.dumps(answer))", "breaks schemas/sent/step.result.schema.json"),
        ("print(json.dumps(answer))\nprint(json.dumps(answer))", "a result that was not expected"),
        ("print(json.dumps(answer))\nsys.exit(4)", "ended with status 4, expected 0"),
    ],
)
def test_a_worker_that_breaks_the_contract_fails(tmp_path: Path, code: str, complaint: str) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text(WORKER + code + "\n")
    arguments = ("--transport", "stdio", "--only", "end-of-input", "--", sys.executable, str(worker))
    status, output, _ = run(tmp_path, *arguments)
    assert status == 1
    assert complaint in output
    (outcome,) = json.loads((tmp_path / "report.json").read_text())["outcomes"]
    assert (outcome["scenario"], outcome["status"]) == ("end-of-input", "failed")


def test_the_same_worker_without_a_fault_passes(tmp_path: Path) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text(WORKER + "print(json.dumps(answer))\n")
    arguments = ("--transport", "stdio", "--only", "end-of-input", "--", sys.executable, str(worker))
    assert run(tmp_path, *arguments)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--transport", "stdio", "--", "/no/such/worker"), "error: the command cannot be started: /no/such/worker"),
        (("--transport", "stdio"), "error: name the worker's command after --"),
        (("--only", "nothing-like-this", "--", "true"), "error: no scenario of that name"),
    ],
)
def test_a_run_that_cannot_be_done(tmp_path: Path, arguments: tuple[str, ...], complaint: str) -> None:
    status, _, errors = run(tmp_path, *arguments)
    assert (status, complaint in errors) == (2, True)
    assert "Traceback" not in errors

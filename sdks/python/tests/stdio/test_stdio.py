"""Wire protocol 7 with a real process: one line in, heartbeats and one result out."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.messages import execute
from support.process import TESTS, clean_environment
from support.waiting import eventually


class Program:
    """A worker that speaks over its standard input and output."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tasker_core.worker", *arguments, "--transport", "stdio"],
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=TESTS,
        )

    def write(self, message: Any) -> None:
        assert self.process.stdin is not None
        line = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the program closed its output"
        found: dict[str, Any] = json.loads(line)
        return found

    def result(self) -> dict[str, Any]:
        while (message := self.read())["kind"] != "step.result":
            assert message["kind"] == "step.heartbeat"
        return message

    def end(self) -> tuple[int, bytes, str]:
        """Close the input; exit code, what is left of the output, stderr."""
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err.decode()


Start = Callable[..., Program]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Program] = []

    def make(*arguments: str) -> Program:
        started.append(Program(*(arguments or ("support.handlers",))))
        return started[-1]

    yield make
    for program in started:
        if program.process.poll() is None:
            program.process.kill()
        program.process.wait()
        for stream in (program.process.stdin, program.process.stdout, program.process.stderr):
            if stream is not None and not stream.closed:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass


def test_steps_one_after_the_other_and_the_end_of_input(start: Start) -> None:
    program = start()
    for number in range(3):
        message = execute("echo", {"n": number, "big": 2**63 - 1})
        program.write(message)
        sent = program.result()
        assert (sent["dispatch_id"], sent["result"]["echo"]) == (message["dispatch_id"], message["task"]["context"])
    code, rest, errors = program.end()
    assert (code, rest) == (0, b"")
    assert errors.count("a handler may print") == 3
    assert errors.count("completed in") == 3


def test_what_cannot_be_read_is_answered_and_the_next_step_runs(start: Start) -> None:
    program = start()
    for line in (b"not json", b"[]", json.dumps({**execute(), "protocol": "9.0"}).encode()):
        program.write(line)
        assert program.result()["status"] == "failed"
    program.write(execute("echo", {"n": 4}, handler={"method": "twice"}))
    assert program.result()["result"] == {"twice": 8}
    assert program.end()[0] == 0


def test_a_handler_that_reads_its_input_does_not_get_the_next_step(start: Start) -> None:
    program = start()
    messages = [execute("reads_input"), execute("echo", {"n": 1})]
    for message in messages:
        program.write(message)
    assert program.result()["result"] == {"child": "", "own": ""}
    assert program.result()["dispatch_id"] == messages[1]["dispatch_id"]
    assert program.end()[0] == 0


def test_heartbeats_while_a_step_runs(start: Start, tmp_path: Path) -> None:
    program = start()
    program.write(execute("gate", {"gate": str(tmp_path / "gate")}, limits={"heartbeat_interval_ms": 50}))
    assert [program.read()["sequence"] for _ in range(3)] == [1, 2, 3]
    (tmp_path / "gate").touch()
    assert program.result()["status"] == "completed"


def test_the_time_limit(start: Start, tmp_path: Path) -> None:
    program = start()
    program.write(execute("async_gate", {"gate": str(tmp_path / "never")}, step={"timeout_ms": 100}))
    assert program.result()["error"]["error_type"] == "timeout"


def test_sigterm_cancels_the_running_step_and_ends_the_program(start: Start, tmp_path: Path) -> None:
    program = start()
    message = execute("gate", {"gate": str(tmp_path / "never"), "polite": True, "notes": str(tmp_path)})
    program.write(message)
    eventually((tmp_path / message["step"]["uuid"]).exists, "the start of the handler")
    program.process.send_signal(signal.SIGTERM)
    sent = program.result()
    assert (sent["error"]["error_type"], sent["error"]["retryable"]) == ("cancelled", False)
    assert program.end()[0] == 0


def test_sigterm_between_two_steps_ends_the_program(start: Start) -> None:
    program = start()
    program.write(execute("echo"))
    program.result()
    program.process.send_signal(signal.SIGTERM)
    assert program.process.wait(60) == 0


def test_a_reader_that_goes_away_ends_the_program_quietly(start: Start) -> None:
    program = start()
    assert program.process.stdout is not None
    program.process.stdout.close()
    program.write(execute("echo"))
    assert program.process.wait(60) == 0
    assert program.process.stderr is not None
    assert b"Traceback" not in program.process.stderr.read()


def test_wrong_module(start: Start) -> None:
    code, out, errors = start("no.such.module").end()
    assert (code, out) == (2, b"")
    assert errors.startswith("error: there is no module 'no.such.module'")


@pytest.mark.parametrize(
    ("child", "status", "words"),
    [("return", 1, "returned"), ("raise", 1, "raised ValueError"), ("exit", 7, None)],
)
def test_a_forked_process_that_comes_out_of_the_handler_ends(
    start: Start, child: str, status: int, words: str | None
) -> None:
    program = start("support.bad_handlers")
    program.write(execute("forks", {"child": child}))
    assert program.result()["result"] == {"status": status}
    program.write(execute("fine"))
    assert program.result()["result"] == {"fine": True}
    code, rest, errors = program.end()
    assert (code, rest) == (0, b"")
    message = f"a process forked by handler forks {words} instead of ending with os._exit()"
    assert (message in errors) is (words is not None)


def test_sys_exit_is_answered_and_the_next_step_runs(start: Start) -> None:
    program = start("support.bad_handlers")
    program.write(execute("ends", {"code": 3}))
    assert program.result()["error"]["error_type"] == "SystemExit"
    program.write(execute("fine"))
    assert program.result()["status"] == "completed"
    assert program.end()[0] == 0


def test_a_thread_that_a_handler_leaves_behind_does_not_keep_the_process(start: Start) -> None:
    program = start("support.bad_handlers")
    program.write(execute("leaves_thread"))
    assert program.result()["status"] == "completed"
    code, _, errors = program.end()
    assert code == 0
    assert "threads of handlers still run (left-behind)" in errors

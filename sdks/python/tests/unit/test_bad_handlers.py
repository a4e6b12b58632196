"""A handler may do anything: the step gets an answer that says what was wrong."""

from __future__ import annotations

from typing import Any

import pytest

from support.bad_handlers import Ends, Fine, Junk
from tasker_core import StepContext, StepHandler
from tasker_core.testing import run_step


def failing(action: Any) -> type[StepHandler]:
    class Bad(StepHandler):
        handler_name = "bad"

        def call(self, context: StepContext) -> Any:
            return action()

    return Bad


def error_of(handler: Any, **values: Any) -> dict[str, Any]:
    sent = run_step(handler, **values)
    assert sent["status"] == "failed"
    found: dict[str, Any] = sent["error"]
    return found


@pytest.mark.parametrize("kind", ["text", "list", "number", "object", "class", "generator"])
def test_junk_is_refused_with_what_to_return(kind: str) -> None:
    error = error_of(Junk, input={"kind": kind})
    assert (error["error_type"], error["retryable"]) == ("handler_error", False)
    assert "return self.success({...})" in error["message"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, {"b": float("nan")}]}, "nan at $['a'][1]['b']"),
        ({"a": float("-inf")}, "-inf at $['a']"),
        ({"a": 2**63}, "the integer at $['a'] does not fit into 64 bits"),
        ({"a": "\ud800"}, "the string at $['a'] contains a lone surrogate"),
        ({"a": "x\x00"}, "U+0000"),
        ({"a": {1, 2}}, "set at $['a'] has no JSON form"),
        ({"a": b"bytes"}, "bytes at $['a'] has no JSON form"),
        ({(1, 2): 3}, "a key at $ is of type tuple"),
    ],
)
def test_what_json_cannot_carry_is_named_with_its_place(value: Any, text: str) -> None:
    error = error_of(failing(lambda: value))
    assert (error["error_type"], error["retryable"]) == ("serialization_error", False)
    assert text in error["message"]


def nested(levels: int) -> Any:
    value: Any = 1
    for number in range(levels - 1):
        value = [value] if number % 2 else {"a": value}
    return {"v": value}


def test_a_result_may_have_63_levels_and_no_more() -> None:
    assert run_step(failing(lambda: nested(63)))["result"] == nested(63)
    error = error_of(failing(lambda: nested(64)))
    assert (error["error_type"], error["retryable"]) == ("serialization_error", False)
    assert "deeper than 63 levels" in error["message"]


def test_many_brackets_are_not_depth() -> None:
    wide = {"rows": [[n, {"n": n}] for n in range(500)]}
    assert run_step(failing(lambda: wide))["result"] == wide


def test_two_mebibytes_are_refused_with_the_limit() -> None:
    error = error_of(failing(lambda: {"data": "x" * 2**21}))
    assert (error["error_type"], error["retryable"]) == ("result_too_large", False)
    assert "1048576" in error["message"]
    assert "store it elsewhere" in error["message"]


@pytest.mark.parametrize("method", ["call", "later"])
@pytest.mark.parametrize("code", [0, 3, None])
def test_sys_exit_fails_the_step_and_the_worker_goes_on(method: str, code: int | None) -> None:
    error = error_of(Ends, method=method, input={"code": code})
    assert error["error_type"] == "SystemExit"
    assert error["message"].startswith(f"the handler called sys.exit({code!r})")
    assert run_step(Fine)["status"] == "completed"


def test_a_keyboard_interrupt_in_an_async_handler_leaves_the_loop_alone() -> None:
    assert error_of(Ends, method="interrupt")["error_type"] == "KeyboardInterrupt"


class WithoutText(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class OddAttributes(Exception):
    retryable = "yes"
    retry_after = float("nan")
    error_code = 7
    metadata = ["not", "a", "dict"]


class NotAnException(BaseException):
    pass


@pytest.mark.parametrize("raised", [WithoutText, OddAttributes, NotAnException, RecursionError, MemoryError])
def test_unusual_exceptions_become_failures(raised: type[BaseException]) -> None:
    def action() -> Any:
        raise raised

    error = error_of(failing(action))
    assert error["error_type"] == raised.__name__
    assert error["message"]
    assert error["retryable"] is True
    assert "retry_after_seconds" not in error


def test_an_endless_recursion_is_a_failure_with_a_short_backtrace() -> None:
    def action() -> Any:
        return action()

    error = error_of(failing(action))
    assert error["error_type"] == "RecursionError"
    assert len(error["backtrace"]) <= 50


def test_a_constructor_that_raises() -> None:
    class Unmakeable(StepHandler):
        handler_name = "unmakeable"

        def __init__(self) -> None:
            raise RuntimeError("no database")

        def call(self, context: StepContext) -> Any:
            return {}

    error = error_of(Unmakeable)
    assert (error["error_type"], error["message"]) == ("RuntimeError", "no database")

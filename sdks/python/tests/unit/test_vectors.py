"""The vectors that every language runs: ``protocol/vectors`` of the repository. Their absence is a failure."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasker_core.wire.codec import NotSerializable, decode, encode
from tasker_core.wire.execute import Unreadable, parse_execute
from tasker_core.wire.names import Topology, is_prefix, is_queue_name
from tasker_core.wire.outgoing import timestamp
from tasker_core.wire.trace import parse_traceparent

VECTORS = Path(__file__).resolve().parents[4] / "protocol" / "vectors"


def load(name: str, subject: str | None = None) -> list[Any]:
    return list(_tests(name, subject))


def _tests(name: str, subject: str | None) -> Iterator[Any]:
    path = VECTORS / name
    if not path.is_file():
        # A parameter, so that the run fails with this text instead of collecting nothing.
        yield pytest.param({"missing": str(path)}, id=f"{name} is missing")
        return
    for group in json.loads(path.read_text(encoding="utf-8")):
        if subject is None or group.get("subject") == subject:
            for test in group["tests"]:
                yield pytest.param(test, id=f"{group['description']}: {test['description']}"[:150])


def present(test: dict[str, Any]) -> dict[str, Any]:
    assert "missing" not in test, f"the shared vectors are missing: {test['missing']}"
    return test


def text_bytes(data: dict[str, Any]) -> bytes:
    if "text" in data:
        return str(data["text"]).encode()
    if "base64" in data:
        return base64.b64decode(data["base64"], validate=True)
    return b"".join(part["text"].encode() * part["times"] for part in data["parts"])


@pytest.mark.parametrize("test", load("messages/step.execute.json"))
def test_reading_step_execute(test: dict[str, Any]) -> None:
    body = json.dumps(present(test)["data"]).encode()
    if test["valid"]:
        message = parse_execute(body)
        assert message.dispatch_id == test["data"]["dispatch_id"]
    else:
        with pytest.raises(Unreadable):
            parse_execute(body)


@pytest.mark.parametrize("test", load("versions.json"))
def test_versions(test: dict[str, Any]) -> None:
    message = {"kind": "step.execute", **present(test)["data"]}
    with pytest.raises(Unreadable) as refused:
        parse_execute(json.dumps(message).encode())
    # A version that is accepted leads to the next complaint, about the missing task.
    assert (refused.value.error_type == "invalid_message") is test["valid"]


@pytest.mark.parametrize("test", load("invalid-json.json"))
def test_texts_that_are_not_json(test: dict[str, Any]) -> None:
    text = text_bytes(present(test)["data"])
    if test.get("may_accept"):
        try:
            decode(text)
        except ValueError:
            pass
    else:
        with pytest.raises(ValueError):  # noqa: PT011
            decode(text)


@pytest.mark.parametrize("test", load("round-trips.json"))
def test_round_trips(test: dict[str, Any]) -> None:
    value = decode(text_bytes(present(test)["data"]))
    assert decode(encode(value).encode()) == value


@pytest.mark.parametrize("test", load("queue-names.json", "queue"))
def test_queue_names(test: dict[str, Any]) -> None:
    assert is_queue_name(present(test)["data"]) is test["valid"]
    if test["valid"]:
        assert Topology().steps(test["data"]) == test["expected"]


@pytest.mark.parametrize("test", load("queue-names.json", "prefix"))
def test_prefixes(test: dict[str, Any]) -> None:
    assert is_prefix(present(test)["data"]) is test["valid"]


@pytest.mark.parametrize("test", load("traceparent.json"))
def test_traceparent(test: dict[str, Any]) -> None:
    parsed = parse_traceparent(present(test)["data"])
    assert (parsed is not None) is test["valid"]
    if parsed is not None:
        assert parsed._asdict() == test["expected"]


@pytest.mark.parametrize("test", load("timestamps.json", "write"))
def test_written_timestamps(test: dict[str, Any]) -> None:
    assert timestamp(present(test)["data"] / 1000) == test["expected"]


def test_unsendable_numbers_are_refused() -> None:
    for value in (2**63, -(2**63) - 1, float("nan"), float("inf")):
        with pytest.raises(NotSerializable):
            encode({"n": value})

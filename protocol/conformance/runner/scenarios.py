"""The scenario files: reading them, and the form they must have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.dispatches import FOLDER
from runner.patterns import KEYS

TRANSPORTS = ("amqp", "stdio")

#: Members of each operation: needed ones, then optional ones. `README.md` says what they mean.
OPERATIONS: dict[str, tuple[set[str], set[str]]] = {
    "start_worker": (set(), {"as", "settings", "ready"}),
    "stop_worker": (set(), {"worker"}),
    "signal": ({"signal"}, {"worker"}),
    "expect_exit": ({"code"}, {"worker", "within"}),
    "expect_stderr": ({"contains"}, {"worker"}),
    "close_input": (set(), {"worker"}),
    "send": (set(), {"as", "message", "handler", "execute", "same_step_as", "reply_to", "headers", "append"}),
    "send_raw": ({"text"}, {"as", "properties"}),
    "send_control": ({"text"}, set()),
    "requeue": (set(), set()),
    "cancel": ({"of"}, {"in_capitals"}),
    "answer_fetch": ({"of", "after"}, {"page", "next", "gone", "times"}),
    "cases": ({"handlers"}, set()),
    "expect": ({"kind", "matches"}, {"of", "properties", "skip_others", "within", "save", "ids"}),
    "pass_over": ({"kind", "of"}, set()),
    "expect_count": ({"kind", "of", "is"}, set()),
    "expect_dead": ({"headers"}, {"text", "within"}),
    "expect_queue": ({"queue"}, {"ready", "unacked", "consumers", "within"}),
    "expect_absent": ({"queue"}, set()),
    "expect_lines": ({"file", "is"}, {"within"}),
    "create_file": ({"file"}, set()),
    "declare": ({"queue"}, {"arguments", "fill", "read"}),
    "read": ({"queue"}, set()),
    "delete": ({"queue"}, set()),
    "delete_exchange": ({"exchange"}, set()),
    "close_connections": (set(), set()),
    "stop_broker": (set(), set()),
    "start_broker": (set(), set()),
    "block_broker": (set(), set()),
    "unblock_broker": (set(), set()),
}
#: Operations that other scenarios on the same broker would notice.
DISTURBING = frozenset({"close_connections", "stop_broker", "block_broker"})
#: Operations that a worker over stdin and stdout knows.
OVER_STDIO = frozenset({
    "start_worker", "stop_worker", "signal", "expect_exit", "expect_stderr", "close_input", "send", "send_raw", "cases",
    "expect", "pass_over", "expect_count", "expect_lines", "create_file",
})  # fmt: skip
PATTERNS = ("matches", "properties", "headers", "code")


@dataclass(frozen=True)
class Scenario:
    """One scenario, for one or both transports."""

    file: str
    name: str
    rule: str
    transports: tuple[str, ...]
    operations: tuple[dict[str, Any], ...]
    description: str = ""
    queue_type: str = "quorum"
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def is_alone(self) -> bool:
        """Whether it must not run beside others."""
        return any(operation["do"] in DISTURBING for operation in self.operations)


def load(folder: Path = FOLDER / "scenarios") -> list[Scenario]:
    """All scenarios in the order of the files' names. Raises ValueError when a file has not the form."""
    found: list[Scenario] = []
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        for fault in faults(document):
            raise ValueError(f"{path.name}: {fault}")
        found.extend(_scenario(path.name, one) for one in document["scenarios"])
    return found


def _scenario(file: str, one: dict[str, Any]) -> Scenario:
    return Scenario(
        file,
        one["name"],
        one["rule"],
        tuple(one["transports"]),
        tuple(one["operations"]),
        one.get("description", ""),
        one.get("queue_type", "quorum"),
        tuple(one.get("settings", {}).items()),
    )


def faults(document: Any) -> Iterator[str]:
    """What is wrong with the form of one scenario file."""
    if set(document) != {"description", "scenarios"} or not document["scenarios"]:
        yield "the members are `description` and a list `scenarios` that is not empty"
        return
    for one in document["scenarios"]:
        name = one.get("name", "a scenario without name")
        known = {"name", "rule", "transports", "operations", "description", "queue_type", "settings"}
        if not {"name", "rule", "transports", "operations"} <= set(one) <= known:
            yield f"{name}: members {sorted(one)}"
            continue
        if not one["transports"] or not set(one["transports"]) <= set(TRANSPORTS):
            yield f"{name}: transports {one['transports']}"
        if one.get("queue_type", "quorum") not in ("quorum", "classic"):
            yield f"{name}: queue_type {one['queue_type']}"
        for number, operation in enumerate(one["operations"], 1):
            for fault in _operation_faults(operation, one["transports"]):
                yield f"{name}: operation {number}: {fault}"


def _operation_faults(operation: dict[str, Any], transports: list[str]) -> Iterator[str]:
    what = str(operation.get("do"))
    if what not in OPERATIONS:
        yield f"unknown operation {what}"
        return
    needed, optional = OPERATIONS[what]
    members = set(operation) - {"do"}
    if not needed <= members <= needed | optional:
        yield f"{what} has the members {sorted(members)}"
    if "stdio" in transports and what not in OVER_STDIO:
        yield f"{what} cannot be done over stdio"
    for key in PATTERNS:
        if key in members:
            yield from pattern_faults(operation[key])


def pattern_faults(pattern: Any) -> Iterator[str]:
    """Keys that begin with `$` and mean nothing, or stand beside others."""
    if isinstance(pattern, dict):
        operators = {key for key in pattern if key.startswith("$")}
        if operators - KEYS:
            yield f"unknown keys in a pattern: {sorted(operators - KEYS)}"
        if operators and operators != set(pattern):
            yield f"a pattern mixes keys: {sorted(pattern)}"
        if "$exactly" not in pattern and "$repeat" not in pattern:
            for inner in pattern.values():
                yield from pattern_faults(inner)
    elif isinstance(pattern, list):
        for inner in pattern:
            yield from pattern_faults(inner)

"""Reading one ``step.execute``: only what the worker itself needs is checked; the rest goes to the handler as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tasker_core.wire.codec import decode

_VERSION = re.compile(r"([0-9]+)\.[0-9]+")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
MAX_RESULT_BYTES = 1_048_576
HEARTBEAT_INTERVAL_MS = 20_000
ACK_DEADLINE_MS = 600_000


class Unreadable(Exception):
    """A delivery that is no ``step.execute`` of protocol 1; ``error_type`` is what the answer carries, ``reason`` what
    the dead letter does.
    """

    def __init__(self, error_type: str, detail: str, dispatch_id: str | None = None, reply_to: str | None = None):
        super().__init__(detail)
        self.error_type = error_type
        self.reason = error_type
        self.detail = detail
        self.dispatch_id = dispatch_id
        self.reply_to = reply_to


@dataclass(slots=True)
class ExecuteMessage:
    """A step to run. ``task``, ``step``, ``handler`` and ``step_definition`` are the members as received."""

    dispatch_id: str
    reply_to: str
    task_uuid: str
    step_uuid: str
    step_name: str
    attempt: int
    max_attempts: int
    timeout: float | None
    callable: str
    method: str | None
    resolver: str | None
    max_result_bytes: int
    heartbeat_interval: float
    ack_deadline: float
    correlation_id: str
    task: dict[str, Any]
    step: dict[str, Any]
    handler: dict[str, Any]
    step_definition: dict[str, Any]
    dependency_results: dict[str, Any]
    dependencies_omitted: bool
    trace_headers: dict[str, Any] = field(default_factory=dict)


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID as the wire writes it."""
    return _UUID.fullmatch(text) is not None


def parse_execute(body: bytes) -> ExecuteMessage:
    """Parse and check a message body. Raises :class:`Unreadable`."""
    try:
        message = decode(body)
    except ValueError as error:
        raise Unreadable("invalid_message", str(error)) from None
    if not isinstance(message, dict):
        raise Unreadable("invalid_message", f"the message is {_kind_of(message)}, not an object")
    dispatch_id = message.get("dispatch_id")
    reply_to = message.get("reply_to")
    known_id = dispatch_id if isinstance(dispatch_id, str) else None
    known_reply = reply_to if isinstance(reply_to, str) else None
    try:
        return _read(message)
    except Unreadable as error:
        error.dispatch_id, error.reply_to = known_id, known_reply
        raise


def _read(message: dict[str, Any]) -> ExecuteMessage:
    if message.get("kind") != "step.execute":
        unknown = Unreadable("invalid_message", f"unknown kind {message.get('kind')!r}; expected 'step.execute'")
        if isinstance(message.get("kind"), str):
            unknown.reason = "unknown_kind"
        raise unknown
    _check_version(message.get("protocol"))
    task = _object(message, "task")
    step = _object(message, "step")
    handler = _object(message, "handler")
    limits = message.get("limits")
    if not isinstance(limits, dict):
        limits = {}
    dependency_results = message.get("dependency_results")
    if not isinstance(dependency_results, dict):
        dependency_results = {}
    step_definition = message.get("step_definition")
    timeout_ms = step.get("timeout_ms")
    for name in ("name", "namespace", "version"):
        _text(task, name, "task.")
    return ExecuteMessage(
        dispatch_id=_uuid(message, "dispatch_id", ""),
        reply_to=_text(message, "reply_to", ""),
        task_uuid=_uuid(task, "uuid", "task."),
        step_uuid=_uuid(step, "uuid", "step."),
        step_name=_text(step, "name", "step."),
        attempt=_positive(step.get("attempt"), "step.attempt", 1),
        max_attempts=_positive(step.get("max_attempts"), "step.max_attempts", 1),
        timeout=None if timeout_ms is None else _positive(timeout_ms, "step.timeout_ms", 1) / 1000,
        callable=_text(handler, "callable", "handler."),
        method=_optional_text(handler, "method"),
        resolver=_optional_text(handler, "resolver"),
        max_result_bytes=_positive(limits.get("max_result_bytes"), "limits.max_result_bytes", MAX_RESULT_BYTES),
        heartbeat_interval=_positive(
            limits.get("heartbeat_interval_ms"), "limits.heartbeat_interval_ms", HEARTBEAT_INTERVAL_MS
        )
        / 1000,
        ack_deadline=_positive(limits.get("ack_deadline_ms"), "limits.ack_deadline_ms", ACK_DEADLINE_MS) / 1000,
        correlation_id=_uuid(task, "correlation_id", "task."),
        task=task,
        step=step,
        handler=handler,
        step_definition=step_definition if isinstance(step_definition, dict) else {},
        dependency_results=dependency_results,
        dependencies_omitted=message.get("dependency_results_omitted") is not None,
    )


def _check_version(version: Any) -> None:
    match = _VERSION.fullmatch(version) if isinstance(version, str) else None
    if match is None:
        raise Unreadable("unsupported_protocol", f"protocol is {version!r}; expected a version like '1.0'")
    if match.group(1) != "1":
        raise Unreadable("unsupported_protocol", f"protocol {version} is not supported; this worker speaks 1.x")


def _object(message: dict[str, Any], key: str) -> dict[str, Any]:
    value = message.get(key)
    if not isinstance(value, dict):
        raise Unreadable("invalid_message", f"'{key}' is {_kind_of(value)}, not an object")
    return value


def _text(members: dict[str, Any], key: str, parent: str) -> str:
    value = members.get(key)
    if not isinstance(value, str) or not value:
        raise Unreadable("invalid_message", f"'{parent}{key}' is {_kind_of(value)}, not a non-empty string")
    return value


def _uuid(members: dict[str, Any], key: str, parent: str) -> str:
    value = _text(members, key, parent)
    if not is_uuid(value):
        raise Unreadable("invalid_message", f"'{parent}{key}' is {value!r:.60}, not a UUID")
    return value


def _optional_text(members: dict[str, Any], key: str) -> str | None:
    value = members.get(key)
    if value is not None and not isinstance(value, str):
        raise Unreadable("invalid_message", f"'handler.{key}' is {_kind_of(value)}, not a string")
    return value or None


def _positive(value: Any, name: str, default: int) -> int:
    if value is None:
        return default
    # 1 and 1.0 may be exchanged on the wire.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise Unreadable("invalid_message", f"'{name}' is {value!r}, not a positive integer")
    return value


def _kind_of(value: Any) -> str:
    if value is None:
        return "missing or null"
    if isinstance(value, str):
        return "an empty string" if not value else "a string"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, dict):
        return "an object"
    return "an array" if isinstance(value, list) else "a number"

"""Bodies of the messages a worker sends. Text is joined by hand: a member that is JSON already is not parsed again."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tasker_core.wire.codec import encode, safe_text
from tasker_core.wire.execute import ExecuteMessage
from tasker_core.wire.names import PROTOCOL

MAX_MESSAGE_BYTES = 8192
MAX_BACKTRACE_LINES = 50
MAX_BACKTRACE_BYTES = 65536


@lru_cache(maxsize=4)
def _second(whole: int) -> str:
    return f"{datetime.datetime.fromtimestamp(whole, datetime.timezone.utc):%Y-%m-%dT%H:%M:%S}"


def timestamp(moment: float) -> str:
    """RFC 3339 in UTC with milliseconds, from seconds since the epoch."""
    whole, milliseconds = divmod(round(moment * 1000), 1000)
    return f"{_second(whole)}.{milliseconds:03d}Z"


@dataclass(frozen=True, slots=True)
class WorkerIdentity:
    """Who answers; sent with every message."""

    id: str
    sdk: str
    hostname: str
    language: str = "python"

    def to_dict(self) -> dict[str, Any]:
        return {"id": self.id, "language": self.language, "sdk": self.sdk, "hostname": self.hostname}


def cut_backtrace(lines: list[str]) -> list[str]:
    """The last 50 lines and at most 64 KiB: the innermost frames and the exception stand at the end."""
    kept: list[str] = []
    size = 0
    for line in reversed(lines[-MAX_BACKTRACE_LINES:]):
        line = safe_text(line, MAX_MESSAGE_BYTES)
        size += len(line.encode("utf-8")) + 3
        if size > MAX_BACKTRACE_BYTES:
            break
        kept.append(line)
    kept.reverse()
    return kept


def error_text(
    message: str,
    error_type: str,
    *,
    retryable: bool,
    error_code: str | None = None,
    retry_after: float | None = None,
    backtrace: list[str] | None = None,
    metadata: str | None = None,
) -> str:
    """The ``error`` member as JSON text; ``metadata`` is JSON text already."""
    parts = [
        f'{{"message":{encode(safe_text(message, MAX_MESSAGE_BYTES))}',
        f'"error_type":{encode(safe_text(error_type, 256) or "handler_error")}',
        f'"error_code":{"null" if error_code is None else encode(safe_text(error_code, 256))}',
        f'"retryable":{"true" if retryable else "false"}',
    ]
    if retryable and retry_after is not None:
        parts.append(f'"retry_after_seconds":{encode(min(max(retry_after, 0), 86_400))}')
    if backtrace:
        parts.append(f'"backtrace":{encode(cut_backtrace(backtrace))}')
    if metadata is not None:
        parts.append(f'"metadata":{metadata}')
    return ",".join(parts) + "}"


class MessageWriter:
    """Writes bodies for one worker identity."""

    def __init__(self, identity: WorkerIdentity) -> None:
        self.identity = identity
        self._worker = encode(identity.to_dict())

    def result(
        self,
        dispatch_id: str | None,
        task_uuid: str | None,
        step_uuid: str | None,
        status: str,
        *,
        result: str = "null",
        error: str = "null",
        checkpoint: str = "null",
        events: str = "[]",
        metadata: str = "{}",
        started_at: str | None = None,
        completed_at: str,
        execution_time_ms: int = 0,
    ) -> bytes:
        """A ``step.result``; the members given as text are JSON already."""
        started = "null" if started_at is None else f'"{started_at}"'
        return (
            f'{{"protocol":"{PROTOCOL}","kind":"step.result","dispatch_id":{encode(dispatch_id)},'
            f'"task_uuid":{encode(task_uuid)},"step_uuid":{encode(step_uuid)},"status":"{status}",'
            f'"result":{result},"error":{error},"checkpoint":{checkpoint},"events":{events},"metadata":{metadata},'
            f'"started_at":{started},"completed_at":"{completed_at}","execution_time_ms":{execution_time_ms},'
            f'"worker":{self._worker}}}'
        ).encode()

    def abandoned(
        self,
        message: ExecuteMessage,
        why: str,
        text: str,
        now: float,
        *,
        started_at: str | None = None,
        execution_time_ms: int = 0,
        delivery_count: int | None = None,
    ) -> bytes:
        """No outcome: ``why`` is the reserved ``error_type`` of wire protocol section 4."""
        metadata = "{}" if delivery_count is None else f'{{"delivery_count":{delivery_count}}}'
        return self.result(
            message.dispatch_id,
            message.task_uuid,
            message.step_uuid,
            "abandoned",
            error=error_text(text, why, retryable=True),
            metadata=metadata,
            started_at=started_at,
            completed_at=timestamp(now),
            execution_time_ms=execution_time_ms,
        )

    def invalid(self, dispatch_id: str | None, error_type: str, detail: str, now: float) -> bytes:
        """The answer to a message that could not be read; the uuids are unknown."""
        error = error_text(detail, error_type, retryable=False)
        return self.result(dispatch_id, None, None, "failed", error=error, completed_at=timestamp(now))

    def heartbeat(
        self,
        message: ExecuteMessage,
        *,
        started_at: str | None,
        sequence: int,
        detached: bool,
        progress: tuple[Any, Any, Any] | None,
    ) -> bytes:
        """A ``step.heartbeat``; ``progress`` is ``(done, total, message)``."""
        shown = None if progress is None else {"done": progress[0], "total": progress[1], "message": progress[2]}
        body = {
            "protocol": PROTOCOL,
            "kind": "step.heartbeat",
            "dispatch_id": message.dispatch_id,
            "task_uuid": message.task_uuid,
            "step_uuid": message.step_uuid,
            "started_at": started_at,
            "sequence": sequence,
            "detached": detached,
            "progress": shown,
            "worker": self.identity.to_dict(),
        }
        return encode(body).encode()

    def fetch(self, message: ExecuteMessage, after: str | None) -> bytes:
        """A ``step.fetch``: asks for the next page of dependency results that did not fit into the message."""
        body = {
            "protocol": PROTOCOL,
            "kind": "step.fetch",
            "dispatch_id": message.dispatch_id,
            "task_uuid": message.task_uuid,
            "step_uuid": message.step_uuid,
            "after": after,
        }
        return encode(body).encode()

    def worker_message(self, kind: str, members: dict[str, Any]) -> bytes:
        """A ``worker.hello``, ``worker.heartbeat`` or ``worker.bye``."""
        return encode({"protocol": PROTOCOL, "kind": kind, "worker": self.identity.to_dict(), **members}).encode()

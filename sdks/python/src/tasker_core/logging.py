"""Structured log lines for handlers: a message and fields, on the standard logger ``tasker_core``.

Lines that a handler writes say which step they belong to: ``task``, ``step``, ``attempt`` and ``trace_id`` are added.
"""

from __future__ import annotations

import logging as _logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from pydantic import BaseModel

__all__ = ["LogContext", "log_debug", "log_error", "log_info", "log_trace", "log_warn"]

TRACE = 5
_logger = _logging.getLogger("tasker_core")
_step_fields: ContextVar[dict[str, str] | None] = ContextVar("tasker_step_fields", default=None)


@contextmanager
def step_fields(fields: dict[str, str]) -> Iterator[None]:
    """Fields of all lines that are written by what runs inside, async handlers and their tasks included."""
    token = _step_fields.set(fields)
    try:
        yield
    finally:
        _step_fields.reset(token)


class LogContext(BaseModel):
    """Fields that say what a line belongs to; those that are None are left out."""

    correlation_id: str | None = None
    task_uuid: str | None = None
    step_uuid: str | None = None
    namespace: str | None = None
    operation: str | None = None

    def to_dict(self) -> dict[str, str]:
        return {key: value for key, value in self.model_dump().items() if value is not None}


Fields = dict[str, Any] | LogContext | None


def _log(level: int, message: str, fields: Fields) -> None:
    if not _logger.isEnabledFor(level):
        return
    given = fields.to_dict() if isinstance(fields, LogContext) else (fields or {})
    text = {key: str(value) for key, value in given.items()}
    for key, value in (_step_fields.get() or {}).items():
        text.setdefault(key, value)
    shown = "".join(f" {key}={value}" for key, value in text.items())
    _logger.log(level, "%s%s", message, shown, extra={"fields": text})


def log_error(message: str, fields: Fields = None) -> None:
    _log(_logging.ERROR, message, fields)


def log_warn(message: str, fields: Fields = None) -> None:
    _log(_logging.WARNING, message, fields)


def log_info(message: str, fields: Fields = None) -> None:
    _log(_logging.INFO, message, fields)


def log_debug(message: str, fields: Fields = None) -> None:
    _log(_logging.DEBUG, message, fields)


def log_trace(message: str, fields: Fields = None) -> None:
    _log(TRACE, message, fields)

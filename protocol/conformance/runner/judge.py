"""What holds for every message that a worker writes, whatever the scenario is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from runner.dispatches import Dispatch
from runner.errors import ScenarioFailed

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACESTATE = "vendor=conformance"


@dataclass
class Received:
    """One message of the worker; `properties` and `queue` are empty over stdio."""

    message: dict[str, Any]
    size: int
    properties: dict[str, Any] = field(default_factory=dict)
    queue: str = ""
    claimed: bool = False

    @property
    def kind(self) -> str:
        return str(self.message.get("kind"))

    @property
    def dispatch_id(self) -> str | None:
        found = self.message.get("dispatch_id")
        return found.lower() if isinstance(found, str) else None

    @property
    def worker_id(self) -> str | None:
        worker = self.message.get("worker")
        return worker.get("id") if isinstance(worker, dict) else None


class Judge:
    """Schemas of `schemas/sent/` when jsonschema is installed, ids, properties."""

    def __init__(self) -> None:
        try:
            from checking.schemas import Schemas
        except ImportError:
            self._schemas: Any = None
        else:
            self._schemas = Schemas()

    @property
    def knows_schemas(self) -> bool:
        return self._schemas is not None

    def check(self, received: Received, dispatch: Dispatch | None, amqp: bool) -> None:
        """Raises ScenarioFailed."""
        if self._schemas is not None:
            if received.kind not in self._schemas.kinds:
                raise ScenarioFailed(f"the worker wrote a message of the unknown kind {received.kind!r}")
            fault = self._schemas.fault(f"sent/{received.kind}.schema.json", received.message)
            if fault is not None:
                raise ScenarioFailed(f"{received.kind} breaks schemas/sent/{received.kind}.schema.json: {fault}")
        # Nobody can know the ids of a message that could not be used.
        known = dispatch is not None and dispatch.has_ids and not _is_refusal(received)
        if dispatch is not None and known:
            _check_ids(received, dispatch)
        if amqp:
            _check_properties(received, dispatch, known)


def _is_refusal(received: Received) -> bool:
    error = received.message.get("error")
    return isinstance(error, dict) and error.get("error_type") in ("invalid_message", "unsupported_protocol")


def _check_ids(received: Received, dispatch: Dispatch) -> None:
    for key, member in (("task_uuid", "task"), ("step_uuid", "step")):
        wanted = dispatch.message[member]["uuid"]
        found = received.message.get(key)
        if found != wanted:
            raise ScenarioFailed(f"{received.kind}: {key} is {found!r}, the dispatch has {wanted!r}")


def _check_properties(received: Received, dispatch: Dispatch | None, known: bool) -> None:
    properties, kind = received.properties, received.kind
    wanted: dict[str, Any] = {"content_type": "application/json", "type": f"tasker.{kind}.v1"}
    if kind.startswith("worker."):
        wanted["delivery_mode"] = 1
    if kind == "step.result":
        wanted["delivery_mode"] = 2
        if dispatch is not None:
            wanted["message_id"] = dispatch.id
    if dispatch is not None and known:
        wanted["correlation_id"] = dispatch.message["task"]["correlation_id"]
    for key, value in wanted.items():
        if properties.get(key) != value:
            raise ScenarioFailed(f"{kind}: the property {key} is {properties.get(key)!r} instead of {value!r}")
    if known and dispatch is not None:
        if received.queue != dispatch.message["reply_to"]:
            raise ScenarioFailed(f"{kind}: it came to {received.queue}, not to the reply_to of the dispatch")
        _check_trace(kind, properties.get("headers") or {})


def _check_trace(kind: str, headers: dict[str, Any]) -> None:
    """A worker that traces has a span of its own in the same trace; one that does not copies both headers."""
    found = str(headers.get("traceparent"))
    if found.split("-")[:2] != TRACEPARENT.split("-")[:2]:
        raise ScenarioFailed(f"{kind}: the header traceparent is {found}, not of the trace of {TRACEPARENT}")
    if TRACESTATE not in str(headers.get("tracestate")):
        raise ScenarioFailed(f"{kind}: the header tracestate is {headers.get('tracestate')}, without {TRACESTATE}")

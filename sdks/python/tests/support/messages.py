"""Step messages as an orchestrator writes them."""

from __future__ import annotations

import json
import uuid
from typing import Any


def execute(callable: str = "echo", context: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A complete ``step.execute``; keywords replace members; dicts for parts of it are merged."""
    message: dict[str, Any] = {
        "protocol": "1.0",
        "kind": "step.execute",
        "dispatch_id": str(uuid.uuid4()),
        "reply_to": "tasker.results.0",
        "task": {
            "uuid": str(uuid.uuid4()),
            "name": "order_processing",
            "namespace": "default",
            "version": "1.0.0",
            "correlation_id": str(uuid.uuid4()),
            "parent_correlation_id": None,
            "context": context if context is not None else {},
            "initiator": "api",
            "source_system": "shop",
            "tags": [],
            "priority": 0,
            "requested_at": "2026-01-02T03:04:05.678Z",
        },
        "step": {
            "uuid": str(uuid.uuid4()),
            "name": "validate_order",
            "template_step_name": "validate_order",
            "type": "standard",
            "attempt": 1,
            "max_attempts": 3,
            "retryable": True,
            "timeout_ms": 30000,
            "inputs": {},
            "checkpoint": None,
            "backoff_request_seconds": None,
            "last_attempted_at": None,
        },
        "handler": {"callable": callable, "method": None, "resolver": None, "initialization": {}},
        "step_definition": {
            "description": "",
            "dependencies": [],
            "publishes_events": [],
            "worker_template_names": [],
        },
        "dependency_results": {},
        "limits": {"max_result_bytes": 1048576, "heartbeat_interval_ms": 20000, "ack_deadline_ms": 600000},
    }
    for key, value in changes.items():
        if key in ("task", "step", "handler", "limits", "step_definition"):
            message[key] = {**message[key], **value}
        else:
            message[key] = value
    return message


def body(message: Any) -> bytes:
    return json.dumps(message).encode()

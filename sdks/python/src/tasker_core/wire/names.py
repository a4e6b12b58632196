"""Names of queues, exchanges and message types; the arguments every declaration must use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

PROTOCOL = "1.0"

TYPE_RESULT = "tasker.step.result.v1"
TYPE_HEARTBEAT = "tasker.step.heartbeat.v1"
TYPE_FETCH = "tasker.step.fetch.v1"
TYPE_HELLO = "tasker.worker.hello.v1"
TYPE_WORKER_HEARTBEAT = "tasker.worker.heartbeat.v1"
TYPE_BYE = "tasker.worker.bye.v1"

_QUEUE = re.compile(r"[A-Za-z0-9_.:@/#-]{1,128}")
_PREFIX = re.compile(r"[a-z][a-z0-9_-]{0,31}")


def is_queue_name(name: str) -> bool:
    """Whether ``name`` may stand after ``<prefix>.steps.``."""
    return _QUEUE.fullmatch(name) is not None


def is_prefix(name: str) -> bool:
    """Whether ``name`` may begin every queue and exchange."""
    return _PREFIX.fullmatch(name) is not None


@dataclass(frozen=True)
class Topology:
    """What a worker declares and publishes to, for one prefix and one queue type."""

    prefix: str = "tasker"
    queue_type: str = "quorum"

    def steps(self, queue: str) -> str:
        return f"{self.prefix}.steps.{queue}"

    @property
    def workers(self) -> str:
        return f"{self.prefix}.workers"

    @property
    def control(self) -> str:
        return f"{self.prefix}.control"

    @property
    def dead(self) -> str:
        return f"{self.prefix}.dead"

    @property
    def step_arguments(self) -> dict[str, Any]:
        arguments: dict[str, Any] = {"x-queue-type": self.queue_type, "x-dead-letter-exchange": self.dead}
        if self.queue_type == "quorum":
            arguments["x-delivery-limit"] = 20
        return arguments

    @property
    def dead_arguments(self) -> dict[str, Any]:
        return {"x-queue-type": self.queue_type, "x-max-length": 100_000}

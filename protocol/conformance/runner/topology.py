"""Names and arguments of section 1, for one prefix and one queue type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

QUEUE = "conformance"


@dataclass(frozen=True)
class Topology:
    """Queues and exchanges of one scenario."""

    prefix: str
    queue_type: str

    def queue(self, name: str) -> str:
        """The full name of `steps`, `workers`, `dead`, `results`, or of a results queue of another name."""
        fixed = {"steps": f"steps.{QUEUE}", "workers": "workers", "dead": "dead", "results": "results.0"}
        return f"{self.prefix}.{fixed.get(name, f'results.{name}')}"

    def exchange(self, name: str) -> str:
        return f"{self.prefix}.{name}"

    def arguments(self, name: str) -> dict[str, Any]:
        """The arguments that everyone declares this queue with."""
        if name == "workers":
            return {"x-queue-type": "classic", "x-message-ttl": 60000, "x-max-length": 10000}
        if name == "dead":
            return {"x-queue-type": self.queue_type, "x-max-length": 100000}
        arguments: dict[str, Any] = {"x-queue-type": self.queue_type, "x-dead-letter-exchange": self.exchange("dead")}
        if self.queue_type == "quorum":
            arguments["x-delivery-limit"] = 20 if name == "steps" else 1000000
        if name != "steps":
            arguments["x-single-active-consumer"] = True
        return arguments

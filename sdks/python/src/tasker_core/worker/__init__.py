"""The worker: takes steps from RabbitMQ (or standard input) and runs handlers."""

from tasker_core.worker.facade import Worker

__all__ = ["Worker"]

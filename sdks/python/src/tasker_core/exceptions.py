"""Exceptions of the worker itself (handlers raise those of :mod:`tasker_core.errors`)."""

from __future__ import annotations


class TaskerError(Exception):
    """Base of everything the SDK raises on its own behalf."""


class WorkerNotInitializedError(TaskerError):
    """Something needs a running worker and there is none."""


class WorkerBootstrapError(TaskerError):
    """The worker cannot start; the message says what to change."""


class WorkerAlreadyRunningError(TaskerError):
    """A second worker was started in one process."""


class ConversionError(TaskerError):
    """A value cannot be carried between Python and the wire."""

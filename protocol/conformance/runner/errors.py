"""What ends a scenario."""

from __future__ import annotations


class ScenarioFailed(Exception):
    """The worker did not do what the contract says; the text says what was expected."""


class RunnerError(Exception):
    """The run cannot go on: the broker does not start, a file cannot be read, the command does not exist."""

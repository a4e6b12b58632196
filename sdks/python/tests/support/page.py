"""The workers of docs/write-a-worker.md, taken from the page."""

from __future__ import annotations

import sys
from pathlib import Path

from support.conformance import ConformanceRun

PAGE = Path(__file__).resolve().parents[4] / "docs" / "write-a-worker.md"
OVER_STDIO = (
    "one-step-after-the-other",
    "end-of-input",
    "unreadable-lines",
    "unknown-handler",
    "missing-members-have-defaults",
    "large-unicode-round-trip",
)
OVER_AMQP = (
    "one-message-each-way",
    "redelivered-flag",
    "delivery-count-without-flag",
    "duplicate-while-it-runs",
    "missing-results-queue",
    "nacked-result",
    "not-json",
    "heartbeats",
    "cancel-before-the-delivery",
    "connection-cut-while-a-handler-runs",
    "sigterm-lets-handlers-finish",
    "hello",
)


def program(language: str, folder: Path) -> str:
    """The page's block of that language as a file."""
    page = PAGE.read_text(encoding="utf-8")
    start = page.index(f"```{language}\n") + len(f"```{language}\n")
    path = folder / f"worker.{language}"
    path.write_text(page[start : page.index("\n```\n", start)] + "\n", encoding="utf-8")
    return str(path)


def run_over_stdio(folder: Path) -> ConformanceRun:
    return ConformanceRun("stdio", ["perl", program("perl", folder)], OVER_STDIO)


def run_over_amqp(folder: Path) -> ConformanceRun:
    return ConformanceRun("amqp", [sys.executable, program("python", folder)], OVER_AMQP)

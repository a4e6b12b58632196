"""The table for people and the file for programs."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

MARKS = {"passed": "ok", "failed": "FAILED", "excluded": "excluded"}


@dataclass
class Outcome:
    """What became of one scenario on one transport."""

    transport: str
    scenario: str
    rule: str
    status: str
    seconds: float = 0.0
    detail: str = ""


def line(outcome: Outcome) -> str:
    """One row of the table."""
    row = f"{MARKS[outcome.status]:<8}  {outcome.transport:<5}  {outcome.scenario:<44}  {outcome.rule:<10}"
    row += f"  {outcome.seconds:5.1f} s"
    return row.rstrip() + "".join(f"\n          {text}" for text in outcome.detail.splitlines())


def summary(outcomes: list[Outcome]) -> str:
    counts = {status: sum(one.status == status for one in outcomes) for status in MARKS}
    excluded = f", {counts['excluded']} excluded" if counts["excluded"] else ""
    return f"{counts['passed']} passed, {counts['failed']} failed{excluded}"


def write(path: Path, outcomes: list[Outcome], command: list[str], schemas_checked: bool) -> None:
    """The report file."""
    document = {
        "protocol": "1.0",
        "command": command,
        "platform": platform.platform(),
        "schemas_checked": schemas_checked,
        "summary": summary(outcomes),
        "outcomes": [asdict(one) for one in outcomes],
    }
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

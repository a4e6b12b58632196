"""The reference runner of the wire protocol against this SDK's conformance worker."""

from __future__ import annotations

import json

import pytest

from support.conformance import RUNNER, ConformanceRun

SCENARIOS = RUNNER.parent / "scenarios"


@pytest.mark.parametrize("run", ["stdio", pytest.param("amqp", marks=pytest.mark.broker)])
def test_every_scenario_passes(conformance_runs: dict[str, ConformanceRun], run: str) -> None:
    code, output, report = conformance_runs[run].wait()
    assert code == 0, output
    outcomes = json.loads(report.read_text())["outcomes"]
    known = [one for path in SCENARIOS.glob("*.json") for one in json.loads(path.read_text())["scenarios"]]
    assert len(outcomes) == sum(run in one["transports"] for one in known)
    assert {outcome["status"] for outcome in outcomes} == {"passed"}, output

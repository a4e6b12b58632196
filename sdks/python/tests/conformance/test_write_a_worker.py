"""The two workers of docs/write-a-worker.md, taken from the page and run."""

from __future__ import annotations

import os
import shutil

import pytest

from support.conformance import ConformanceRun
from support.page import OVER_AMQP, OVER_STDIO, PAGE


def check(run: ConformanceRun, scenarios: tuple[str, ...]) -> None:
    code, output, _ = run.wait()
    assert code == 0, output
    assert f"{len(scenarios)} passed, 0 failed" in output


@pytest.mark.parametrize("run", ["page-stdio"])
def test_the_worker_over_stdin_and_stdout(conformance_runs: dict[str, ConformanceRun], run: str) -> None:
    if shutil.which("perl") is None:
        if os.environ.get("CI"):
            pytest.fail("CI is set and there is no perl")
        pytest.skip("no perl")
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in OVER_STDIO if f"`{name}`" not in page] == []
    check(conformance_runs[run], OVER_STDIO)


@pytest.mark.broker
@pytest.mark.parametrize("run", ["page-amqp"])
def test_the_worker_over_amqp(conformance_runs: dict[str, ConformanceRun], run: str) -> None:
    check(conformance_runs[run], OVER_AMQP)

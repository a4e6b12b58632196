"""scripts/fuzz-api: a short run against a live orchestrator finds no defect and no broken contract."""

from __future__ import annotations

import os

import pytest
from conftest import ROOT, run

ORCHESTRATOR = ROOT / ".build/debug/tasker-orchestrator"


def test_made_up_requests_find_nothing() -> None:
    if not ORCHESTRATOR.exists():
        reason = f"{ORCHESTRATOR} is not built: swift build --product tasker-orchestrator"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    result = run(ROOT / "scripts/fuzz-api", "--examples", "5", timeout=900)
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-4000:]


def test_says_what_is_missing() -> None:
    result = run(ROOT / "scripts/fuzz-api", "--orchestrator", "/nowhere/tasker")
    assert result.returncode == 1
    assert "swift build" in result.stderr


def test_the_embedded_document_is_that_of_the_repository() -> None:
    result = run(ROOT / "scripts/embed-openapi", "--check")
    assert result.returncode == 0, result.stderr

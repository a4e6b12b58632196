"""The README's headings, and its example with its test."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_five_headings_stand_in_the_agreed_order() -> None:
    headings = re.findall(r"^## (.+)$", README, re.MULTILINE)
    assert headings[:5] == ["Install", "Write a handler", "Run it", "Errors and retries", "Test it"]


def test_the_example_passes_its_own_test(monkeypatch: pytest.MonkeyPatch) -> None:
    handler, test = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    package, module = ModuleType("app"), ModuleType("app.handlers")
    monkeypatch.setitem(sys.modules, "app", package)
    monkeypatch.setitem(sys.modules, "app.handlers", module)
    exec(handler, module.__dict__)
    namespace: dict[str, object] = {}
    exec(test, namespace)
    tests = [value for name, value in namespace.items() if name.startswith("test_")]
    assert len(tests) == 2
    for run in tests:
        assert callable(run)
        run()

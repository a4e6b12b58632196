"""The README's headings, and its example with its test."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tasker_core import StepEventContext
from tasker_core.domain_events import PublisherRegistry, SubscriberRegistry

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_five_headings_stand_in_the_agreed_order() -> None:
    headings = re.findall(r"^## (.+)$", README, re.MULTILINE)
    assert headings[:5] == ["Install", "Write a handler", "Run it", "Errors and retries", "Test it"]


def test_the_example_passes_its_own_test(monkeypatch: pytest.MonkeyPatch) -> None:
    handler, test, _ = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
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


def test_the_example_of_domain_events(capsys: pytest.CaptureFixture[str]) -> None:
    namespace: dict[str, Any] = {}
    try:
        exec(re.findall(r"```python\n(.*?)```", README, re.DOTALL)[2], namespace)
        context = StepEventContext(
            task_uuid="t", step_uuid="s", step_name="charge", namespace="shop", correlation_id="c",
            result={"amount": 3, "card": "4111"},
        )  # fmt: skip
        prepared = PublisherRegistry.instance().get_or_default("receipts").prepare(context, "payment.charged")
        assert prepared is not None
        assert prepared.payload == {"amount": 3}
        subscriber = namespace["CountPayments"]()
        assert SubscriberRegistry.instance().list_registered() == ["CountPayments"]
        assert subscriber.matches("payment.charged")
        assert subscriber.handle_event_safely({"event_name": "payment.charged", "payload": prepared.payload})
        assert capsys.readouterr().out == "payment.charged {'amount': 3}\n"
    finally:
        PublisherRegistry.reset()
        SubscriberRegistry.reset()

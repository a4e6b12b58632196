"""Names, resolvers, discovery."""

from __future__ import annotations

import logging
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tasker_core import (
    ExplicitMappingResolver,
    HandlerDefinition,
    HandlerRegistry,
    MethodDispatchWrapper,
    RegistryResolver,
    ResolverChain,
    ResolverNotFoundError,
    StepContext,
    StepHandler,
)
from tasker_core.exceptions import WorkerBootstrapError
from tasker_core.models import HandlerWrapper
from tasker_core.worker.loading import load_handlers


class Plain(StepHandler):
    handler_name = "plain"

    def call(self, context: StepContext) -> dict[str, Any]:
        return {}

    def refund(self, context: Any) -> str:
        return "refunded"


class Configured(StepHandler):
    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config

    def call(self, context: StepContext) -> dict[str, Any]:
        return self.config


class Other(StepHandler):
    handler_name = "Plain"

    def call(self, context: StepContext) -> dict[str, Any]:
        return {}


def test_names_and_aliases() -> None:
    registry = HandlerRegistry()
    registry.register("plain", Plain)
    assert registry.list_handlers() == ["plain"]
    assert registry.handler_count() == 1
    for name in ("plain", "Plain", f"{__name__}.Plain"):
        assert registry.is_registered(name)
        assert isinstance(registry.resolve(name), Plain)
        assert registry.get_handler_class(name) is Plain
    assert registry.callable_names() == {"plain": "1.0.0", "Plain": "1.0.0", f"{__name__}.Plain": "1.0.0"}
    assert registry.resolve("missing") is None
    assert registry.unregister("plain")
    assert not registry.is_registered("Plain")
    assert not registry.unregister("plain")


def test_an_alias_never_displaces_an_explicit_name() -> None:
    registry = HandlerRegistry()
    registry.register("Plain", Other)
    registry.register("plain", Plain)
    assert isinstance(registry.resolve("Plain"), Other)


def test_overwriting_warns(caplog: pytest.LogCaptureFixture) -> None:
    registry = HandlerRegistry()
    registry.register("plain", Plain)
    registry.register("plain", Plain)
    assert caplog.records == []
    registry.register("plain", Other)
    assert caplog.records[0].levelno == logging.WARNING
    assert isinstance(registry.resolve("plain"), Other)


@pytest.mark.parametrize("wrong", [object, "Plain", None])
def test_only_handlers_can_be_registered(wrong: Any) -> None:
    with pytest.raises(ValueError, match="StepHandler"):
        HandlerRegistry().register("x", wrong)


def test_configuration_reaches_the_constructor() -> None:
    registry = HandlerRegistry()
    registry.register("configured", Configured)
    handler = registry.resolve(HandlerDefinition("configured", initialization={"a": 1}))
    assert handler.config == {"a": 1}


def test_method_dispatch() -> None:
    registry = HandlerRegistry()
    registry.register("plain", Plain)
    handler = registry.resolve(HandlerDefinition.from_dict({"callable": "plain", "method": "refund"}))
    assert isinstance(handler, MethodDispatchWrapper)
    assert handler.call(None) == "refunded"
    assert handler.name == "plain"
    assert isinstance(handler.unwrap(), Plain)
    assert registry.resolve(HandlerWrapper(callable="plain", handler_method="refund")).call(None) == "refunded"
    with pytest.raises(AttributeError):
        MethodDispatchWrapper(Plain(), "missing")


def test_what_a_worker_can_decide_without_foreign_code() -> None:
    registry = HandlerRegistry()
    registry.register("plain", Plain)
    assert registry.knows(HandlerDefinition("plain")) is True
    assert registry.knows(HandlerDefinition("plain", "refund")) is True
    assert registry.knows(HandlerDefinition("plain", "missing")) is False
    assert registry.knows(HandlerDefinition("plain", "__init__")) is False
    assert registry.knows(HandlerDefinition("Nobody")) is False
    assert registry.knows(HandlerDefinition("plain", resolver="unknown")) is False
    assert registry.knows(HandlerDefinition("pkg.mod.Class")) is None
    assert registry.knows(HandlerDefinition("plain", resolver="class_lookup")) is None


class Payments(RegistryResolver):
    _name = "payments"
    _priority = 20
    prefix = "pay:"

    def resolve_handler(self, definition: HandlerDefinition, config: dict[str, Any] | None = None) -> Any:
        return Configured({"asked": definition.callable})


def test_the_chain_asks_by_priority_and_honours_hints() -> None:
    chain = ResolverChain.default().add_resolver(Payments())
    assert chain.resolver_names() == ["explicit_mapping", "payments", "class_lookup"]
    assert len(chain) == 3
    assert chain.resolve(HandlerDefinition("pay:card")).config == {"asked": "pay:card"}  # type: ignore[union-attr]
    assert chain.resolve(HandlerDefinition("anything", resolver="payments")) is not None
    assert chain.resolve(HandlerDefinition("anything")) is None
    with pytest.raises(ResolverNotFoundError, match="known: explicit_mapping, payments"):
        chain.resolve(HandlerDefinition("pay:card", resolver="nobody"))
    assert isinstance(chain.resolve(HandlerDefinition(f"{__name__}.Plain")), Plain)
    assert chain.resolve(HandlerDefinition("no.such.module.Class")) is None
    assert chain.remove_resolver("payments")
    assert not chain.remove_resolver("payments")


def test_explicit_entries_may_be_classes_instances_or_factories() -> None:
    resolver = ExplicitMappingResolver()
    instance = Plain()
    resolver.register("class", Configured)
    resolver.register("instance", instance)
    resolver.register("factory", lambda config: Configured({**config, "made": True}))
    assert resolver.resolve(HandlerDefinition("class", initialization={"a": 1})).config == {"a": 1}  # type: ignore[union-attr]
    assert resolver.resolve(HandlerDefinition("instance")) is instance
    assert resolver.resolve(HandlerDefinition("factory")).config == {"made": True}  # type: ignore[union-attr]
    assert resolver.registered_callables() == ["class", "instance", "factory"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))


HANDLER = """
from tasker_core import StepHandler
class {name}(StepHandler):
    handler_name = "{handler}"
    def call(self, context):
        return {{}}
"""


def test_a_package_is_discovered_with_its_subpackages(project: Path) -> None:
    write(project / "shop" / "__init__.py", "")
    write(project / "shop" / "orders.py", HANDLER.format(name="Orders", handler="orders"))
    write(project / "shop" / "deep" / "__init__.py", "")
    write(project / "shop" / "deep" / "pay.py", HANDLER.format(name="Pay", handler=""))
    registry = HandlerRegistry()
    assert registry.discover_handlers("shop") == 2
    assert sorted(registry.list_handlers()) == ["Pay", "orders"]
    assert registry.is_registered("shop.deep.pay.Pay")


@pytest.mark.parametrize(
    ("files", "module", "told"),
    [
        ({}, "absent.handlers", "there is no module 'absent.handlers'"),
        ({"a.py": "import not_installed_anywhere"}, "a", "a needs the module 'not_installed_anywhere'"),
        ({"a.py": "x = (\n"}, "a", "SyntaxError"),
        ({"a.py": "\n\n1/0"}, "a", "line 3"),
        ({"a.py": "x = 1"}, "a", "no handlers in a"),
        ({"a/__init__.py": "", "a/b.py": "raise OSError('disk')"}, "a", "OSError: disk"),
    ],
)
def test_problems_with_modules_are_told_in_one_line(
    project: Path, files: dict[str, str], module: str, told: str
) -> None:
    for name, text in files.items():
        write(project / name, text)
    with pytest.raises(WorkerBootstrapError) as problem:
        load_handlers([module], HandlerRegistry())
    assert told in str(problem.value)
    assert "\n" not in str(problem.value)

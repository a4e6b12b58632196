"""Templates on disk and the handlers they name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tasker_core import HandlerDiscovery, HandlerRegistry, TemplateParser, TemplatePath

NEW = """
name: order_processing
namespace: ecommerce
version: "1.0.0"
step_templates:
  - name: validate
    handler: {callable: ValidateOrderHandler}
  - name: again
    handler: {callable: ValidateOrderHandler}
"""
OLD = """
name: billing
namespace_name: finance
steps:
  - name: charge
    handler:
      callable: discovered_pkg.pay.Charge
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("TASKER_TEMPLATE_PATH", "TASKER_ENV", "WORKSPACE_PATH"):
        monkeypatch.delenv(name, raising=False)
    templates = tmp_path / "config" / "tasks"
    (templates / "deep").mkdir(parents=True)
    (templates / "a.yaml").write_text(NEW)
    (templates / "deep" / "b.yml").write_text(OLD)
    (templates / "broken.yaml").write_text("name: [")
    (templates / "list.yaml").write_text("- 1")
    (templates / "note.txt").write_text("no template")
    monkeypatch.chdir(tmp_path)
    return templates


def test_both_spellings(folder: Path) -> None:
    assert TemplateParser.extract_handler_callables(folder / "a.yaml") == ["ValidateOrderHandler"]
    assert TemplateParser.extract_template_metadata(folder / "deep" / "b.yml") == {
        "name": "billing",
        "namespace": "finance",
        "version": "1.0.0",
        "description": None,
        "file_path": str(folder / "deep" / "b.yml"),
        "handlers": ["discovered_pkg.pay.Charge"],
    }
    assert TemplateParser.extract_template_metadata(folder / "broken.yaml") is None


def test_a_directory_with_its_subdirectories(folder: Path) -> None:
    assert TemplatePath.find_template_config_directory() == Path("config/tasks")
    names = [path.name for path in TemplatePath.discover_template_files()]
    assert names == ["a.yaml", "broken.yaml", "b.yml", "list.yaml"]
    assert HandlerDiscovery.discover_all_handlers(folder) == ["ValidateOrderHandler", "discovered_pkg.pay.Charge"]
    assert HandlerDiscovery.discover_handlers_by_namespace(folder) == {
        "ecommerce": ["ValidateOrderHandler"],
        "finance": ["discovered_pkg.pay.Charge"],
    }


def test_the_order_of_places(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fixtures = tmp_path / "tests/fixtures/task_templates/python"
    fixtures.mkdir(parents=True)
    workspace = tmp_path / "workspace"
    (workspace / "config" / "tasks").mkdir(parents=True)
    monkeypatch.setenv("WORKSPACE_PATH", str(workspace))
    assert TemplatePath.find_template_config_directory() == workspace / "config" / "tasks"
    monkeypatch.setenv("TASKER_ENV", "test")
    assert TemplatePath.find_template_config_directory() == Path("tests/fixtures/task_templates/python")
    monkeypatch.setenv("TASKER_TEMPLATE_PATH", str(folder / "deep"))
    assert TemplatePath.find_template_config_directory() == folder / "deep"


def test_several_places_files_and_patterns(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKER_TEMPLATE_PATH", f"{folder / 'a.yaml'}:{folder}/de*:{folder}/missing")
    assert [path.name for path in TemplatePath.discover_template_files()] == ["a.yaml", "b.yml"]


def test_handlers_named_by_import_path_are_registered(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "discovered_pkg"
    package.mkdir()
    (package / "__init__.py").touch()
    source = "from tasker_core import StepHandler\n\n\nclass Charge(StepHandler):\n    def call(self, context): ...\n"
    (package / "pay.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = HandlerRegistry()
    try:
        assert registry.bootstrap_handlers() == 1
        assert registry.is_registered("discovered_pkg.pay.Charge")
        info = registry.template_discovery_info()
        assert info["registered_handlers"] == ["Charge"]
        assert "finance" in info["handlers_by_namespace"]
    finally:
        for name in [name for name in sys.modules if name.startswith("discovered_pkg")]:
            del sys.modules[name]

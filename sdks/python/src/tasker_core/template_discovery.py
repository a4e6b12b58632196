"""Task templates on disk: where they are, and which handlers and namespaces they name."""

from __future__ import annotations

import glob
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

logger = logging.getLogger("tasker_core.templates")

_ROOT_MARKERS = ("pyproject.toml", ".git", "Gemfile", "package.json", "Cargo.toml")
_SUFFIXES = (".yaml", ".yml")


class TemplatePath:
    """Finds template files."""

    @staticmethod
    def find_template_config_directory() -> Path | None:
        """The first that exists of: ``TASKER_TEMPLATE_PATH``, the test fixtures (``TASKER_ENV=test``),
        ``$WORKSPACE_PATH/config/tasks``, ``config/tasks`` of the project, ``./config/tasks``.
        """
        candidates: list[Path] = []
        named = os.environ.get("TASKER_TEMPLATE_PATH")
        if named:
            candidates.extend(Path(part) for part in named.split(":") if part)
        if os.environ.get("TASKER_ENV") == "test":
            candidates.append(Path("tests/fixtures/task_templates/python"))
        workspace = os.environ.get("WORKSPACE_PATH")
        if workspace:
            candidates.append(Path(workspace) / "config" / "tasks")
        root = _project_root(Path.cwd())
        if root is not None:
            candidates.append(root / "config" / "tasks")
        candidates.append(Path("config/tasks"))
        return next((path for path in candidates if path.is_dir()), None)

    @staticmethod
    def discover_template_files(directory: str | Path | None = None) -> list[Path]:
        """Template files of a directory with its subdirectories; without one, of every place that is configured.

        ``TASKER_TEMPLATE_PATH`` may hold several directories, files or patterns, separated by ``:``.
        """
        if directory is not None:
            return _files_of(Path(directory))
        named = os.environ.get("TASKER_TEMPLATE_PATH")
        if named:
            found: dict[Path, None] = {}
            for part in named.split(":"):
                places = [Path(part)] if Path(part).exists() else [Path(match) for match in sorted(glob.glob(part))]
                for place in places:
                    found.update(dict.fromkeys(_files_of(place)))
            return list(found)
        default = TemplatePath.find_template_config_directory()
        return _files_of(default) if default is not None else []


def _files_of(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    if not place.is_dir():
        return []
    return sorted(path for path in place.rglob("*") if path.suffix in _SUFFIXES and path.is_file())


def _project_root(start: Path) -> Path | None:
    for folder in (start, *start.parents):
        if any((folder / marker).exists() for marker in _ROOT_MARKERS):
            return folder
    return None


class TemplateParser:
    """Reads what a worker needs from a template; both spellings of the keys are understood."""

    @staticmethod
    def extract_handler_callables(file: str | Path) -> list[str]:
        """The callables of a file's steps, each once; an unreadable file gives none and a log line."""
        template = _read(Path(file))
        return [] if template is None else TemplateParser.extract_handlers_from_template(template)

    @staticmethod
    def extract_handlers_from_template(template: dict[str, Any]) -> list[str]:
        """The callables of all steps, and of the task itself where it names one."""
        found: dict[str, None] = {}
        for holder in (template, *_steps(template)):
            handler = holder.get("handler") or holder.get("task_handler")
            callable_name = handler.get("callable") if isinstance(handler, dict) else handler
            if isinstance(callable_name, str) and callable_name:
                found[callable_name] = None
        return list(found)

    @staticmethod
    def extract_template_metadata(file: str | Path) -> dict[str, Any] | None:
        """``{name, namespace, version, description, file_path, handlers}``, or None for an unreadable file."""
        template = _read(Path(file))
        if template is None or not isinstance(template.get("name"), str):
            return None
        return {
            "name": template["name"],
            "namespace": template.get("namespace_name") or template.get("namespace") or "default",
            "version": str(template.get("version") or "1.0.0"),
            "description": template.get("description"),
            "file_path": str(file),
            "handlers": TemplateParser.extract_handlers_from_template(template),
        }


def _steps(template: dict[str, Any]) -> Iterable[dict[str, Any]]:
    steps = template.get("steps") or template.get("step_templates") or []
    return [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []


def _read(path: Path) -> dict[str, Any] | None:
    try:
        with path.open(encoding="utf-8") as file:
            loaded = yaml.safe_load(file)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        logger.warning("template %s is skipped: %s", path, " ".join(str(error).split()))
        return None
    return loaded if isinstance(loaded, dict) else None


class HandlerDiscovery:
    """What all templates of a directory name."""

    @staticmethod
    def discover_all_handlers(directory: str | Path | None = None) -> list[str]:
        """Every callable, each once."""
        found: dict[str, None] = {}
        for path in TemplatePath.discover_template_files(directory):
            found.update(dict.fromkeys(TemplateParser.extract_handler_callables(path)))
        return list(found)

    @staticmethod
    def discover_template_metadata(directory: str | Path | None = None) -> list[dict[str, Any]]:
        """The metadata of every readable template."""
        read = map(TemplateParser.extract_template_metadata, TemplatePath.discover_template_files(directory))
        return [metadata for metadata in read if metadata is not None]

    @staticmethod
    def discover_handlers_by_namespace(directory: str | Path | None = None) -> dict[str, list[str]]:
        """Callables by namespace."""
        found: dict[str, dict[str, None]] = {}
        for metadata in HandlerDiscovery.discover_template_metadata(directory):
            found.setdefault(metadata["namespace"], {}).update(dict.fromkeys(metadata["handlers"]))
        return {namespace: list(names) for namespace, names in found.items()}

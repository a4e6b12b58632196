"""Names that are import paths."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from typing import Any

from tasker_core.registry.base_resolver import BaseResolver, instantiate
from tasker_core.registry.handler_definition import HandlerDefinition
from tasker_core.step_handler.base import StepHandler

_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")


def import_handler_class(path: str) -> type[StepHandler] | None:
    """The class behind ``pkg.mod.Class``, or behind ``pkg.mod.function`` made by a functional decorator.

    Only a missing module means "not this one"; an error inside the module is the caller's to see.
    """
    if _DOTTED.fullmatch(path) is None:
        return None
    parts = path.split(".")
    for split in range(len(parts) - 1, 0, -1):
        module_name = ".".join(parts[:split])
        try:
            module = sys.modules.get(module_name) or importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name is not None and (module_name == error.name or module_name.startswith(error.name + ".")):
                continue
            raise
        found: Any = module
        for part in parts[split:]:
            found = getattr(found, part, None)
        return handler_class_of(found)
    return None


def handler_class_of(value: Any) -> type[StepHandler] | None:
    """The handler class that a class or a decorated function stands for, or None."""
    candidate = value if inspect.isclass(value) else getattr(value, "_handler_class", None)
    if inspect.isclass(candidate) and issubclass(candidate, StepHandler) and not inspect.isabstract(candidate):
        return candidate
    return None


class ClassLookupResolver(BaseResolver):
    """Imports dotted callables."""

    @property
    def name(self) -> str:
        return "class_lookup"

    @property
    def priority(self) -> int:
        return 100

    def can_resolve(self, definition: HandlerDefinition, config: dict[str, Any] | None = None) -> bool:
        return _DOTTED.fullmatch(definition.callable) is not None

    def resolve(self, definition: HandlerDefinition, config: dict[str, Any] | None = None) -> Any | None:
        cls = import_handler_class(definition.callable)
        if cls is None:
            return None
        return instantiate(cls, config if config is not None else definition.initialization)

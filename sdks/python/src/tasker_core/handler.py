"""The table of handlers this process can run."""

from __future__ import annotations

import importlib
import inspect
import logging
import os
import pkgutil
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

from tasker_core.event_bridge import EventBridge, EventNames
from tasker_core.models import HandlerWrapper
from tasker_core.registry import HandlerDefinition, ResolverChain
from tasker_core.registry.resolvers.class_lookup import handler_class_of, import_handler_class
from tasker_core.registry.resolvers.explicit_mapping import ExplicitMappingResolver
from tasker_core.step_handler.base import StepHandler
from tasker_core.template_discovery import HandlerDiscovery, TemplatePath

logger = logging.getLogger("tasker_core.registry")

_OWN_PACKAGE = "tasker_core"


class HandlerRegistry:
    """Handlers by registered name, class name and module-qualified class name.

    An explicit name always wins over an automatic one. :meth:`instance` is the one a worker uses by default.
    """

    _shared: HandlerRegistry | None = None
    _shared_lock = threading.Lock()

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._classes: dict[str, type[StepHandler]] = {}
        self._listeners: list[Callable[[], None]] = []
        # The second table: class names and qualified names, asked after the explicit names.
        self._aliases = ExplicitMappingResolver("class_names")
        self.resolver_chain = ResolverChain.default()

    @classmethod
    def instance(cls) -> HandlerRegistry:
        """The registry of the process."""
        with cls._shared_lock:
            if cls._shared is None:
                cls._shared = cls()
            return cls._shared

    @classmethod
    def reset_instance(cls) -> None:
        """Forget the registry of the process (for tests)."""
        with cls._shared_lock:
            cls._shared = None

    def register(self, name: str, handler_class: type[StepHandler]) -> None:
        """Make a class callable by ``name``, its class name and its qualified name.

        Raises ``ValueError`` for anything that is no subclass of :class:`StepHandler`.
        """
        if not (inspect.isclass(handler_class) and issubclass(handler_class, StepHandler)):
            raise ValueError(f"{handler_class!r} is not a subclass of StepHandler")
        if not name:
            raise ValueError("a handler needs a name")
        with self._lock:
            known = self._classes.get(name)
            if known is not None and known is not handler_class:
                logger.warning("handler %s: %s replaces %s", name, _qualified(handler_class), _qualified(known))
            self._classes[name] = handler_class
            self.resolver_chain.register(name, handler_class)
            self._aliases.register(handler_class.__name__, handler_class)
            self._aliases.register(_qualified(handler_class), handler_class)
        EventBridge.instance().publish(EventNames.HANDLER_REGISTERED, name, handler_class)
        self._notify()

    def unregister(self, name: str) -> bool:
        """Remove a name with the automatic ones of its class; False when it was unknown."""
        with self._lock:
            handler_class = self._classes.pop(name, None)
            if handler_class is None:
                return False
            explicit = self.resolver_chain.explicit_resolver
            if explicit is not None:
                explicit.unregister(name)
            if handler_class not in self._classes.values():
                for alias in (handler_class.__name__, _qualified(handler_class)):
                    if self._aliases.get(alias) is handler_class:
                        self._aliases.unregister(alias)
        self._notify()
        return True

    def clear(self) -> None:
        """Remove everything that was registered."""
        with self._lock:
            self._classes.clear()
            self._aliases.clear()
            explicit = self.resolver_chain.explicit_resolver
            if explicit is not None:
                explicit.clear()
        self._notify()

    def resolve(self, spec: str | HandlerDefinition | HandlerWrapper) -> Any | None:
        """A handler ready for ``.call(context)``, or None. Raises what the handler's constructor raises."""
        definition = _definition(spec)
        if definition.resolver is None:
            found = self._known_class(definition.callable)
            if found is not None:
                return ResolverChain().wrap_for_method_dispatch(_instance(found, definition.initialization), definition)
        return self.resolver_chain.resolve(definition)

    def knows(self, definition: HandlerDefinition) -> bool | None:
        """Whether a step may be run, decided without importing or calling foreign code.

        None means only :meth:`resolve` can tell (custom resolvers, dotted names, resolver hints).
        """
        if definition.resolver is None:
            found = self._known_class(definition.callable)
            if found is not None:
                method = definition.effective_method()
                return not method.startswith("_") and callable(getattr(found, method, None))
            plain = len(self.resolver_chain) == 2 and "." not in definition.callable
            explicit = self.resolver_chain.explicit_resolver
            if plain and explicit is not None and explicit.get(definition.callable) is None:
                return False
        elif self.resolver_chain.get_resolver(definition.resolver) is None:
            return False
        return None

    def _known_class(self, callable_name: str) -> type[StepHandler] | None:
        found = self._classes.get(callable_name)
        if found is not None:
            return found
        explicit = self.resolver_chain.explicit_resolver
        if explicit is not None and explicit.get(callable_name) is not None:
            return None  # an entry made directly in the chain is explicit too
        alias: type[StepHandler] | None = self._aliases.get(callable_name)
        return alias

    def get_handler_class(self, name: str) -> type[StepHandler] | None:
        """The class behind a registered, class or qualified name."""
        return self._known_class(name)

    def is_registered(self, name: str) -> bool:
        return self._known_class(name) is not None

    def list_handlers(self) -> list[str]:
        """Registered names, without the automatic ones."""
        return list(self._classes)

    def handler_count(self) -> int:
        return len(self._classes)

    def callable_names(self) -> dict[str, str | None]:
        """Every name a step may call a handler by, with the handler's version where known."""
        with self._lock:
            names: dict[str, str | None] = {}
            for name, handler_class in self._classes.items():
                names[name] = handler_class.handler_version
            for alias in self._aliases.registered_callables():
                names.setdefault(alias, self._aliases.get(alias).handler_version)  # type: ignore[union-attr]
            for name in self.resolver_chain.registered_callables():
                names.setdefault(name, None)
            return names

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after each change; a running worker announces the new names."""
        self._listeners.append(listener)

    def _notify(self) -> None:
        for listener in list(self._listeners):
            listener()

    # Discovery

    def discover_handlers(self, package: str | ModuleType, base_class: type | None = None) -> int:
        """Import a module, or a package with its subpackages, and register the handlers in it; returns how many.

        ``base_class`` restricts them to its subclasses. Import errors are the caller's to handle.
        """
        root = importlib.import_module(package) if isinstance(package, str) else package
        modules = [root]
        for found in pkgutil.walk_packages(getattr(root, "__path__", []), root.__name__ + ".", onerror=_reraise):
            if found.name.rpartition(".")[2] != "__main__":
                modules.append(importlib.import_module(found.name))
        return sum(self.register_module(module, base_class) for module in modules)

    def bootstrap_handlers(self) -> int:
        """Register the handlers that the templates name by import path; returns how many.

        With ``TASKER_ENV=test`` modules that are imported already and look like handlers are tried first.
        """
        if os.environ.get("TASKER_ENV") == "test":
            count = sum(
                self.register_module(module)
                for name, module in list(sys.modules.items())
                if module is not None and _looks_like_handlers(name)
            )
            if count:
                return count
        count = 0
        for callable_name in HandlerDiscovery.discover_all_handlers():
            handler_class = None
            try:
                handler_class = import_handler_class(callable_name)
            except Exception as error:
                logger.warning("handler %s of a template cannot be imported: %s", callable_name, error)
            if handler_class is not None and not self.is_registered(callable_name):
                self.register(handler_class.handler_name or handler_class.__name__, handler_class)
                count += 1
        return count

    def template_discovery_info(self) -> dict[str, Any]:
        """Where templates are looked for and what they name, for people who wonder."""
        directory = TemplatePath.find_template_config_directory()
        files = TemplatePath.discover_template_files()
        return {
            "template_path": None if directory is None else str(directory),
            "template_files": [str(path) for path in files],
            "discovered_handlers": HandlerDiscovery.discover_all_handlers(),
            "handlers_by_namespace": HandlerDiscovery.discover_handlers_by_namespace(),
            "registered_handlers": self.list_handlers(),
            "environment": os.environ.get("TASKER_ENV", "development"),
        }

    def register_module(self, module: ModuleType, base_class: type | None = None) -> int:
        """Register the handler classes and decorated functions that are members of a module; returns how many."""
        count = 0
        for member in list(vars(module).values()):
            handler_class = handler_class_of(member)
            if handler_class is None or handler_class.__module__.partition(".")[0] == _OWN_PACKAGE:
                continue
            if base_class is not None and not issubclass(handler_class, base_class):
                continue
            name = handler_class.handler_name or handler_class.__name__
            if self._classes.get(name) is not handler_class:
                self.register(name, handler_class)
                count += 1
        return count


def _looks_like_handlers(module_name: str) -> bool:
    if module_name.partition(".")[0] == _OWN_PACKAGE:
        return False
    return any(word in module_name for word in ("handlers", "step_handler", "workflow", "test"))


def _reraise(name: str) -> None:
    error = sys.exc_info()[1]
    if error is not None:
        raise error
    raise ImportError(name)


def _definition(spec: str | HandlerDefinition | HandlerWrapper) -> HandlerDefinition:
    if isinstance(spec, str):
        return HandlerDefinition.from_callable(spec)
    if isinstance(spec, HandlerWrapper):
        return HandlerDefinition(spec.callable, spec.handler_method, spec.resolver, spec.initialization)
    return spec


def _instance(handler_class: type[StepHandler], initialization: dict[str, Any]) -> Any:
    from tasker_core.registry.base_resolver import instantiate

    return instantiate(handler_class, initialization)


def _qualified(handler_class: type) -> str:
    return f"{handler_class.__module__}.{handler_class.__qualname__}"

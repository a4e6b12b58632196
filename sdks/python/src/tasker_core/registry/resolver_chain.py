"""Resolvers in order of priority."""

from __future__ import annotations

from typing import Any

from tasker_core.exceptions import TaskerError
from tasker_core.registry.base_resolver import BaseResolver
from tasker_core.registry.handler_definition import HandlerDefinition
from tasker_core.registry.method_dispatch_wrapper import MethodDispatchWrapper
from tasker_core.registry.resolvers.class_lookup import ClassLookupResolver
from tasker_core.registry.resolvers.explicit_mapping import ExplicitMappingResolver


class ResolutionError(TaskerError):
    """A resolver failed while it looked for a handler."""


class ResolverNotFoundError(ResolutionError):
    """A template names a resolver that the chain does not have."""


class ResolverChain:
    """Asks each resolver in turn; a definition with a resolver hint asks that one only."""

    def __init__(self, resolvers: list[BaseResolver] | None = None) -> None:
        self._resolvers: list[BaseResolver] = []
        for resolver in resolvers or []:
            self.add_resolver(resolver)

    @classmethod
    def default(cls) -> ResolverChain:
        """Explicit mapping, then class lookup."""
        return cls([ExplicitMappingResolver(), ClassLookupResolver()])

    def add_resolver(self, resolver: BaseResolver) -> ResolverChain:
        """Insert by priority; one of the same name is replaced."""
        self._resolvers = [known for known in self._resolvers if known.name != resolver.name]
        self._resolvers.append(resolver)
        self._resolvers.sort(key=lambda known: known.priority)
        return self

    def remove_resolver(self, name: str) -> bool:
        """Remove by name; False when there is none."""
        before = len(self._resolvers)
        self._resolvers = [known for known in self._resolvers if known.name != name]
        return len(self._resolvers) < before

    def get_resolver(self, name: str) -> BaseResolver | None:
        return next((resolver for resolver in self._resolvers if resolver.name == name), None)

    @property
    def explicit_resolver(self) -> ExplicitMappingResolver | None:
        """The first explicit mapping of the chain."""
        return next((known for known in self._resolvers if isinstance(known, ExplicitMappingResolver)), None)

    def resolve(self, definition: HandlerDefinition, config: dict[str, Any] | None = None) -> Any | None:
        """A handler ready for ``.call(context)``, or None; an unknown hint raises :class:`ResolverNotFoundError`."""
        for resolver in self._candidates(definition):
            if definition.has_resolver_hint() or resolver.can_resolve(definition, config):
                handler = resolver.resolve(definition, config)
                if handler is not None:
                    return self.wrap_for_method_dispatch(handler, definition)
        return None

    def can_resolve(self, definition: HandlerDefinition, config: dict[str, Any] | None = None) -> bool:
        return any(resolver.can_resolve(definition, config) for resolver in self._candidates(definition))

    def _candidates(self, definition: HandlerDefinition) -> list[BaseResolver]:
        if not definition.resolver:
            return self._resolvers
        hinted = self.get_resolver(definition.resolver)
        if hinted is None:
            raise ResolverNotFoundError(
                f"resolver {definition.resolver!r} is not registered; known: {', '.join(self.resolver_names())}"
            )
        return [hinted]

    def registered_callables(self) -> list[str]:
        """Names all resolvers know in advance."""
        return list(dict.fromkeys(name for known in self._resolvers for name in known.registered_callables()))

    def register(self, key: str, handler: Any) -> None:
        """Add an entry to the explicit mapping."""
        explicit = self.explicit_resolver
        if explicit is None:
            explicit = ExplicitMappingResolver()
            self.add_resolver(explicit)
        explicit.register(key, handler)

    def chain_info(self) -> list[dict[str, Any]]:
        """Name, priority and class of each resolver, in order."""
        return [
            {"name": known.name, "priority": known.priority, "class": type(known).__name__} for known in self._resolvers
        ]

    def __len__(self) -> int:
        return len(self._resolvers)

    def resolver_names(self) -> list[str]:
        return [known.name for known in self._resolvers]

    def list_resolvers(self) -> list[tuple[str, int]]:
        return [(known.name, known.priority) for known in self._resolvers]

    def wrap_for_method_dispatch(self, handler: Any, definition: HandlerDefinition) -> Any:
        """The handler itself for ``call``, else a wrapper around it."""
        if not definition.uses_method_dispatch():
            return handler
        return MethodDispatchWrapper(handler, definition.effective_method())

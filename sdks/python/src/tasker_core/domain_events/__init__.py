"""Domain events: publishers that shape the payload of a step's declared events, subscribers inside the worker."""

from tasker_core.domain_events.models import (
    DomainEventMetadata,
    EventDeclaration,
    ExecutionResult,
    InProcessDomainEvent,
    PublishContext,
    StepEventContext,
    StepResult,
)
from tasker_core.domain_events.poller import InProcessDomainEventPoller
from tasker_core.domain_events.publisher import BasePublisher, DefaultPublisher
from tasker_core.domain_events.publisher_registry import PublisherRegistry
from tasker_core.domain_events.subscriber import BaseSubscriber
from tasker_core.domain_events.subscriber_registry import SubscriberRegistry

__all__ = [
    "BasePublisher",
    "BaseSubscriber",
    "DefaultPublisher",
    "DomainEventMetadata",
    "EventDeclaration",
    "ExecutionResult",
    "InProcessDomainEvent",
    "InProcessDomainEventPoller",
    "PublishContext",
    "PublisherRegistry",
    "StepEventContext",
    "StepResult",
    "SubscriberRegistry",
]

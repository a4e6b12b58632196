"""The connection that publishes, with confirms and ``mandatory``."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any, Protocol

import pika
from pika import exceptions, spec
from pika.channel import Channel

from tasker_core.wire.codec import safe_text
from tasker_core.worker.connection import ReconnectingConnection, Setup, Step
from tasker_core.worker.job import Publication, Purpose

# A copy must not carry these: user_id must name our own user, the others would route or expire it.
_NOT_COPIED = ("CC", "BCC")


class PublisherEvents(Protocol):
    """Where outcomes go."""

    def publisher_up(self) -> None: ...
    def publisher_down(self) -> None: ...
    def blocked(self) -> None: ...
    def unblocked(self) -> None: ...
    def confirmed(self, publication: Publication) -> None: ...
    def returned(self, publication: Publication) -> None: ...
    def nacked(self, publication: Publication) -> None: ...


class PublisherConnection(ReconnectingConnection):
    """Publishing has a connection of its own: a broker in alarm stops reading it, and acks must not wait for that."""

    role = "publisher"

    def __init__(self, events: PublisherEvents, app_id: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._events = events
        self._app_id = app_id
        self._next_tag = 1
        self._unconfirmed: dict[int, Publication] = {}

    def on_connection(self, connection: pika.SelectConnection) -> None:
        connection.add_on_connection_blocked_callback(lambda *_: self._events.blocked())
        connection.add_on_connection_unblocked_callback(lambda *_: self._events.unblocked())

    def setup(self, channel: Channel) -> Setup:
        channel.add_on_return_callback(self._on_return)
        self._next_tag = 1
        self._unconfirmed = {}
        request: Step = lambda done: channel.confirm_delivery(self._on_confirm, done)  # noqa: E731
        yield "switch publisher confirms on", request

    def went_up(self) -> None:
        self._events.publisher_up()

    def went_down(self) -> None:
        self._unconfirmed = {}
        self._events.publisher_down()

    def publish(self, publication: Publication) -> None:
        """Send; when the channel is gone the loss is reported by ``publisher_down``."""
        channel = self.channel
        if channel is None or not channel.is_open:
            return
        if publication.message_id is None and publication.purpose is not Purpose.DEAD_LETTER:
            publication.message_id = str(uuid.uuid4())
        tag = self._next_tag
        try:
            self._write(channel, publication, self._properties(publication))
        except exceptions.ConnectionWrongStateError:
            return
        except exceptions.ChannelWrongStateError:
            return
        self._next_tag = tag + 1
        self._unconfirmed[tag] = publication

    def _write(self, channel: Channel, publication: Publication, properties: spec.BasicProperties) -> None:
        try:
            channel.basic_publish(
                publication.exchange, publication.routing_key, publication.body, properties, mandatory=True
            )
        except (exceptions.UnsupportedAMQPFieldException, exceptions.ShortStringTooLong, TypeError, ValueError):
            # Foreign headers that came in but cannot be written: the message matters more.
            properties.headers = {
                name: value for name, value in (publication.headers or {}).items() if name.startswith("x-tasker-")
            }
            properties.correlation_id = None
            channel.basic_publish(
                publication.exchange, publication.routing_key, publication.body, properties, mandatory=True
            )

    def _properties(self, publication: Publication) -> spec.BasicProperties:
        if publication.purpose is Purpose.DEAD_LETTER:
            return self._copied(publication)
        return spec.BasicProperties(
            content_type="application/json",
            delivery_mode=2 if publication.persistent else 1,
            message_id=publication.message_id,
            correlation_id=publication.correlation_id,
            reply_to=publication.reply_to,
            type=publication.type,
            app_id=self._app_id,
            timestamp=int(time.time()),
            headers=publication.headers or None,
        )

    @staticmethod
    def _copied(publication: Publication) -> spec.BasicProperties:
        original = publication.properties
        headers = {
            name: safe_text(value, 2048) if name.startswith("x-tasker-") else value
            for name, value in (publication.headers or {}).items()
            if name not in _NOT_COPIED
        }
        return spec.BasicProperties(
            content_type=getattr(original, "content_type", None),
            content_encoding=getattr(original, "content_encoding", None),
            delivery_mode=2,
            message_id=getattr(original, "message_id", None),
            correlation_id=getattr(original, "correlation_id", None),
            reply_to=getattr(original, "reply_to", None),
            type=getattr(original, "type", None),
            app_id=getattr(original, "app_id", None),
            timestamp=getattr(original, "timestamp", None),
            headers=headers,
        )

    def _on_confirm(self, frame: Any) -> None:
        method = frame.method
        settle = self._settle_nack if isinstance(method, spec.Basic.Nack) else self._settle_ack
        if method.multiple:
            for tag in [tag for tag in self._unconfirmed if tag <= method.delivery_tag]:
                settle(self._unconfirmed.pop(tag))
        else:
            publication = self._unconfirmed.pop(method.delivery_tag, None)
            if publication is not None:
                settle(publication)

    def _settle_ack(self, publication: Publication) -> None:
        # An unroutable message is returned first and confirmed then.
        outcome: Callable[[Publication], None] = self._events.confirmed
        if publication.returned:
            publication.returned = False
            outcome = self._events.returned
        outcome(publication)

    def _settle_nack(self, publication: Publication) -> None:
        publication.returned = False
        self._events.nacked(publication)

    def _on_return(self, channel: Channel, method: Any, properties: spec.BasicProperties, body: bytes) -> None:
        for publication in self._unconfirmed.values():
            if (
                not publication.returned
                and publication.routing_key == method.routing_key
                and publication.exchange == method.exchange
                and publication.body == body
            ):
                publication.returned = True
                return

"""A connection to RabbitMQ that is made again for ever. Everything here runs on the one loop thread."""

from __future__ import annotations

import logging
import random
import re
import ssl
import time
from collections.abc import Callable, Generator
from typing import Any

import pika
from pika import exceptions
from pika.adapters.select_connection import IOLoop
from pika.channel import Channel

from tasker_core.worker.address import AddressError, AmqpAddress

logger = logging.getLogger("tasker_core.worker")

# A request to the broker: called with the callback that its answer goes to.
Step = Callable[[Callable[[Any], None]], Any]
Setup = Generator[tuple[str, Step], Any, None]

FIRST_PAUSE = 0.5
MOST_JOINED = 65_536
LONGEST_PAUSE = 30.0


class BrokerRefusal(Exception):
    """The broker refuses for a reason that waiting does not change; the message names the remedy."""


class KeepingChannel(Channel):
    """Passes on what arrives after ``basic.cancel`` was sent: pika would requeue it, and so raise its delivery count
    although nobody ran it.
    """

    def _on_deliver(self, method_frame: Any, header_frame: Any, body: bytes) -> None:
        consumers: dict[str, Any] = self._consumers  # type: ignore[attr-defined]
        receive = consumers.get(method_frame.method.consumer_tag)
        if receive is not None:
            receive(self, method_frame.method, header_frame.properties, body)


class WorkerConnection(pika.SelectConnection):
    """Two corrections to pika: its channels keep deliveries, and what is written in one turn of the loop goes to the
    socket together (otherwise each frame is a system call, at which the interpreter's lock changes hands).
    """

    def _create_channel(self, channel_number: int, on_open_callback: Any) -> Channel:
        return KeepingChannel(self, channel_number, on_open_callback)

    def _output_marshaled_frames(self, marshaled_frames: Any) -> None:
        data = b"".join(marshaled_frames)
        transport: Any = getattr(self, "_transport", None)
        waiting = getattr(transport, "_tx_buffers", None)
        if waiting and len(waiting[-1]) < MOST_JOINED and type(transport).__name__ == "_AsyncPlaintextTransport":
            # Not over TLS, where a write that was begun must be repeated with the same bytes.
            waiting[-1] += data
            transport._tx_buffered_byte_count += len(data)
            return
        super()._output_marshaled_frames([data])  # type: ignore[misc]


class ReconnectingConnection:
    """Opens a connection with one channel, runs :meth:`setup`, and starts over when anything of it is lost."""

    role = "connection"

    def __init__(
        self,
        loop: IOLoop,
        address: AmqpAddress,
        name: str,
        *,
        on_refused: Callable[[BrokerRefusal], None],
        log_trouble: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._address = address
        self._name = name
        self._on_refused = on_refused
        self._log_trouble = log_trouble
        self._connection: pika.SelectConnection | None = None
        self.channel: Channel | None = None
        self.epoch = 0
        self.is_up = False
        self._failures = 0
        self._step = ""
        self._closing = False
        self._on_closed: Callable[[], None] | None = None
        self._retry: Any = None
        self._opened_at = 0.0

    # For subclasses

    def setup(self, channel: Channel) -> Setup:
        """Requests in order, each with the name that an error shows."""
        raise NotImplementedError

    def went_up(self) -> None:
        """The setup is done."""
        raise NotImplementedError

    def went_down(self) -> None:
        """The connection or its channel was lost after it had been up."""
        raise NotImplementedError

    def on_connection(self, connection: pika.SelectConnection) -> None:
        """A new connection is open; a place for more callbacks."""

    # Life

    def open(self) -> None:
        """Connect now, and again whenever it fails."""
        self._retry = None
        if self._closing:
            return
        self.epoch += 1
        epoch = self.epoch

        def current(callback: Callable[..., None]) -> Callable[..., None]:
            return lambda *arguments: callback(*arguments) if epoch == self.epoch else None

        try:
            self._connection = WorkerConnection(
                self._address.parameters(self._name),
                on_open_callback=current(self._opened),
                on_open_error_callback=current(self._failed),
                on_close_callback=current(self._lost),
                custom_ioloop=self._loop,
            )
        except Exception as error:
            self._failed(None, error)

    def close(self, done: Callable[[], None]) -> None:
        """Close in order, so that acks on their way arrive; ``done`` follows."""
        self._closing = True
        self._on_closed = done
        if self._retry is not None:
            self._loop.remove_timeout(self._retry)
            self._retry = None
        connection = self._connection
        if connection is None or not (connection.is_open or connection.is_closing):
            self.epoch += 1  # what is still being opened reports to nobody
            self._closed()
        elif connection.is_open:
            connection.close()

    def abandon(self) -> None:
        """Something on this connection is lost although it is open: start over."""
        connection = self._connection
        if connection is not None and connection.is_open:
            try:
                connection.close()
            except exceptions.AMQPError:
                pass

    def _opened(self, connection: pika.SelectConnection) -> None:
        if self._closing:
            connection.close()
            return
        self._opened_at = time.monotonic()
        self._step = "open a channel"
        self.on_connection(connection)
        epoch = self.epoch
        connection.channel(
            on_open_callback=lambda channel: self._channel_opened(channel) if epoch == self.epoch else None
        )

    def _channel_opened(self, channel: Channel) -> None:
        self.channel = channel
        epoch = self.epoch
        channel.add_on_close_callback(
            lambda closed, reason: self._channel_closed(reason) if epoch == self.epoch else None
        )
        requests = self.setup(channel)

        def advance(answer: Any) -> None:
            if epoch != self.epoch or not channel.is_open:
                return
            try:
                self._step, request = requests.send(answer)
            except StopIteration:
                self._failures = 0
                self.is_up = True
                self.went_up()
            else:
                request(advance)

        advance(None)

    def _channel_closed(self, reason: BaseException) -> None:
        if self._closing:
            return
        if isinstance(reason, exceptions.ChannelClosedByBroker):
            self._log_trouble(f"RabbitMQ closed a channel: {reason.reply_code} {reason.reply_text}")
            if not self.is_up and reason.reply_code in (403, 406):
                self._on_refused(self._refused_declaration(reason))
        self.abandon()

    def _refused_declaration(self, reason: exceptions.ChannelClosedByBroker) -> BrokerRefusal:
        text = f"RabbitMQ refused to {self._step}: {reason.reply_text}."
        if reason.reply_code == 403:
            return BrokerRefusal(f"{text} Give the user the permissions configure, write and read (rabbitmqctl "
                                 "set_permissions), or use another user in TASKER_AMQP_URL.")  # fmt: skip
        return BrokerRefusal(
            f"{text} It exists with other arguments. Set TASKER_QUEUE_TYPE to its type if that is the difference, or "
            "delete it once it is empty (rabbitmqctl delete_queue), or use another TASKER_QUEUE_PREFIX."
        )

    def _lost(self, connection: pika.SelectConnection, reason: BaseException) -> None:
        was_up, self.is_up = self.is_up, False
        self.channel = None
        self._connection = None
        self.epoch += 1
        if was_up:
            self.went_down()
        if self._closing:
            self._closed()
            return
        if was_up:
            self._log_trouble(f"connection to RabbitMQ lost ({describe(reason, self._address)}); connecting again")
            self._again(0.0)
        else:
            # Opened but not usable: pause, or a refusal would be repeated in a tight loop.
            self._again(self._pause())

    def _failed(self, connection: Any, reason: BaseException) -> None:
        self.epoch += 1
        self._connection = None
        if self._closing:
            self._closed()
            return
        refusal = refusal_of(reason, self._address)
        if refusal is not None:
            self._on_refused(refusal)
            self._again(self._pause())
            return
        pause = self._pause()
        self._log_trouble(
            f"cannot reach RabbitMQ at {self._address.host}:{self._address.port} "
            f"({describe(reason, self._address)}); trying again in {pause:.1f} s"
        )
        self._again(pause)

    def _pause(self) -> float:
        self._failures += 1
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self._failures, 10))
        return max(FIRST_PAUSE, longest * (0.5 + random.random() / 2))

    def _again(self, pause: float) -> None:
        if not self._closing and self._retry is None:
            self._retry = self._loop.call_later(pause, self.open)

    def _closed(self) -> None:
        done, self._on_closed = self._on_closed, None
        if done is not None:
            done()


def _causes(error: BaseException) -> list[BaseException]:
    """The error with everything pika wrapped into it, innermost last."""
    found: list[BaseException] = [error]
    for cause in (*error.args, *getattr(error, "exceptions", ()), getattr(error, "exception", None)):
        if isinstance(cause, BaseException):
            found.extend(_causes(cause))
    return found


def describe(error: BaseException, address: AmqpAddress) -> str:
    """One short phrase for people."""
    causes = _causes(error)
    for cause in reversed(causes):
        if isinstance(cause, exceptions.ConnectionClosed):
            return f"{cause.reply_code} {cause.reply_text}"
        if isinstance(cause, ssl.SSLError):
            return _describe_tls(cause)
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
    # pika keeps only the text of what ended a login.
    alert = re.search(r"ALERT_([A-Z_]+)", " ".join(map(str, causes)))
    if alert:
        return f"the broker ended TLS: {_words(alert[1])}{_certificate_hint(alert[1])}"
    for cause in reversed(causes):
        if isinstance(cause, exceptions.IncompatibleProtocolError):
            hint = "" if address.tls else ", or wants TLS (amqps://)"
            return f"the connection was closed: whatever answers there does not speak AMQP 0-9-1{hint}"
        if isinstance(cause, exceptions.ProbableAuthenticationError):
            return "the broker closed the connection during the login"
        if isinstance(cause, exceptions.StreamLostError):
            return "the stream ended"
    last = causes[-1]
    return str(last) or type(last).__name__


def _describe_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message.rstrip(".") or "it cannot be verified"
        return f"the certificate is refused: {why}; cacertfile in the URL names the authorities to trust"
    reason = error.reason or ""
    if "WRONG_VERSION_NUMBER" in reason or "RECORD_LAYER" in reason:
        return "TLS failed: whatever answers there does not speak TLS"
    return f"TLS failed: {_words(reason) or str(error)}{_certificate_hint(reason)}"


def _certificate_hint(reason: str) -> str:
    return "; certfile and keyfile in the URL name the client certificate" if "CERTIFICATE" in reason else ""


def _words(constant: str) -> str:
    return constant.replace("_", " ").lower().strip()


def refusal_of(error: BaseException, address: AmqpAddress) -> BrokerRefusal | None:
    """What to tell when the broker does not let us in, or None when it is only away."""
    where = f"RabbitMQ at {address.host}:{address.port}"
    for cause in _causes(error):
        text = str(cause)
        if isinstance(cause, AddressError):
            return BrokerRefusal(f"{cause}; correct the AMQP URL in --amqp or TASKER_AMQP_URL")
        if "ACCESS_REFUSED" in text:
            if address.mechanism == "external":
                return BrokerRefusal(
                    f"{where} refused the client certificate: it has no user of that name. Correct certfile in the URL "
                    "in --amqp or TASKER_AMQP_URL, or create the user (rabbitmqctl add_user)."
                )
            return BrokerRefusal(
                f"{where} refused user {address.user!r}: wrong user or password, or guest from another host. "
                "Correct the URL in --amqp or TASKER_AMQP_URL."
            )
        if "NOT_ALLOWED" in text:
            return BrokerRefusal(
                f"{where} does not let user {address.user!r} use the virtual host {address.virtual_host!r}: it does "
                "not exist or the user has no permission. Correct the URL in --amqp or TASKER_AMQP_URL (the vhost / "
                "is written %2F), or create it with rabbitmqctl add_vhost and set_permissions."
            )
        if isinstance(cause, exceptions.AuthenticationError):
            return BrokerRefusal(
                f"{where} does not offer the login {address.mechanism!r} ({text}). Correct auth_mechanism in the URL "
                "in --amqp or TASKER_AMQP_URL, or switch it on at the broker (external: rabbitmq_auth_mechanism_ssl)."
            )
    return None

"""The broker's URL: where it is, as whom to log in, and whom to trust."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, unquote, urlsplit

import pika

HEARTBEAT_SECONDS = 20
CONNECT_SECONDS = 10.0
_PORT, _TLS_PORT = 5672, 5671
_HOURS = 3_600_000


class AddressError(ValueError):
    """A URL that cannot be used, or a file it names; the message never holds the password."""


@dataclass(frozen=True)
class AmqpAddress:
    """``amqp[s]://user:password@host:port/vhost?parameter=value``, with the parameters that RabbitMQ documents."""

    tls: bool = False
    host: str = "localhost"
    port: int = _PORT
    user: str = "guest"
    password: str = field(default="guest", repr=False)
    virtual_host: str = "/"
    #: ``plain``, or ``external``: the client certificate says who it is.
    mechanism: str = "plain"
    #: PEM files: authorities to trust (None: those of the system), and the client's certificate with its key.
    authority_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    verifies_peer: bool = True
    heartbeat_seconds: int = HEARTBEAT_SECONDS
    connect_seconds: float = CONNECT_SECONDS
    #: Parameters of other libraries.
    ignored: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The URL without password and parameters."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        vhost = quote(self.virtual_host, safe="")
        return f"{'amqps' if self.tls else 'amqp'}://{quote(self.user, safe='')}@{host}:{self.port}/{vhost}"

    @property
    def warnings(self) -> list[str]:
        """What the person who starts the worker should know."""
        found = []
        if self.ignored:
            found.append(f"parameters of the AMQP URL are not known and ignored: {', '.join(self.ignored)}")
        if self.tls and not self.verifies_peer:
            found.append("verify=verify_none: anybody can pretend to be the broker and read what is sent")
        return found

    def tls_context(self) -> ssl.SSLContext:
        """Reads the files, so certificates that were renewed count from the next connection on.

        Raises :class:`AddressError` that names a file which cannot be used.
        """
        context = ssl.create_default_context()
        if self.authority_file is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts these authorities and no other
            with _reading(f"the certificate authorities in {self.authority_file!r} (cacertfile)"):
                context.load_verify_locations(self.authority_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if not self.verifies_peer:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.certificate_file is not None:
            what = f"the client certificate {self.certificate_file!r} with the key {self.key_file!r}"
            with _reading(what):
                # Without a password OpenSSL would ask for that of an encrypted key at the terminal.
                context.load_cert_chain(self.certificate_file, self.key_file, password="")
        return context

    def parameters(self, name: str, product: str = "tasker-sdk") -> pika.ConnectionParameters:
        """For one connection, which the broker's management shows as ``name``. Raises :class:`AddressError`."""
        external = self.mechanism == "external"
        return pika.ConnectionParameters(
            host=self.host,
            port=self.port,
            virtual_host=self.virtual_host,
            credentials=pika.credentials.ExternalCredentials()
            if external
            else pika.PlainCredentials(self.user, self.password),
            ssl_options=pika.SSLOptions(self.tls_context(), self.host) if self.tls else None,
            heartbeat=self.heartbeat_seconds,
            connection_attempts=1,
            socket_timeout=self.connect_seconds,
            stack_timeout=self.connect_seconds + 5,
            client_properties={"connection_name": name, "product": product},
        )


class _reading:  # noqa: N801 - reads like a function
    """Errors of reading PEM files become :class:`AddressError`."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, ssl.SSLError):
            reason = (error.reason or "not in PEM format").replace("_", " ").lower()
            raise AddressError(f"{self._what} cannot be used: {reason}") from error
        if isinstance(error, OSError):
            raise AddressError(f"{self._what} cannot be read: {(error.strerror or str(error)).lower()}") from error


def parse_address(url: str) -> AmqpAddress:
    """Raises :class:`AddressError`. An empty path means the virtual host ``/``."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressError("host or port cannot be read") from None
    if parts.scheme not in ("amqp", "amqps"):
        raise AddressError("it does not start with amqp:// or amqps://")
    if parts.fragment:
        raise AddressError("it contains '#': write %23 when it belongs to a name or the password")
    if port == 0:
        raise AddressError("port 0 cannot be connected to")
    path = parts.path.removeprefix("/")
    if "/" in path:
        raise AddressError("its virtual host contains '/': write %2F instead")
    tls = parts.scheme == "amqps"
    user, password = _user(parts)
    values, ignored = _parameters(parts.query)
    certificate, key = values.get("certfile"), values.get("keyfile")
    if (certificate is None) != (key is None):
        raise AddressError("certfile and keyfile belong together and one is missing")
    verify = _one_of(values, "verify", "verify_peer", "verify_none")
    timeout = _number(values, "connection_timeout", 1, _HOURS)
    heartbeat = _number(values, "heartbeat", 0, 65_535)
    return AmqpAddress(
        tls=tls,
        host=unquote(parts.hostname or "localhost"),
        port=port or (_TLS_PORT if tls else _PORT),
        user=user,
        password=password,
        virtual_host=unquote(path) if path else "/",
        mechanism=_one_of(values, "auth_mechanism", "plain", "external", normal=str.lower),
        authority_file=values.get("cacertfile"),
        certificate_file=certificate,
        key_file=key,
        verifies_peer=verify == "verify_peer",
        heartbeat_seconds=HEARTBEAT_SECONDS if heartbeat is None else heartbeat,
        connect_seconds=CONNECT_SECONDS if timeout is None else timeout / 1000,
        ignored=ignored,
    )


_KNOWN = {"cacertfile", "certfile", "keyfile", "verify", "auth_mechanism", "heartbeat", "connection_timeout"}


def _user(parts: SplitResult) -> tuple[str, str]:
    if parts.username is None:
        return "guest", "guest"
    return unquote(parts.username), unquote(parts.password or "")


def _parameters(query: str) -> tuple[dict[str, str], tuple[str, ...]]:
    values: dict[str, str] = {}
    ignored = []
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if unquote(name) in _KNOWN:
            values[unquote(name)] = unquote(value)
        else:
            ignored.append(unquote(name))
    return values, tuple(ignored)


def _one_of(
    values: dict[str, str], name: str, default: str, other: str, normal: Callable[[str], str] = lambda text: text
) -> str:
    value = values.get(name, default)
    if normal(value) not in (default, other):
        raise AddressError(f"{name} is {value!r}, neither {default} nor {other}")
    return normal(value)


def _number(values: dict[str, str], name: str, least: int, most: int) -> int | None:
    value = values.get(name)
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
        raise AddressError(f"{name} is {value!r}, not a whole number from {least} to {most}")
    return int(value)

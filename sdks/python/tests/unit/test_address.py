"""The broker's URL: the same parts and parameters as in every language."""

from __future__ import annotations

import pytest

from tasker_core.worker.address import AddressError, AmqpAddress, parse_address


def test_defaults() -> None:
    assert parse_address("amqp://") == AmqpAddress()
    address = parse_address("amqps://broker")
    assert (address.tls, address.host, address.port, address.user, address.password) == (
        True, "broker", 5671, "guest", "guest",
    )  # fmt: skip
    assert address.verifies_peer
    assert address.warnings == []


def test_every_part() -> None:
    address = parse_address("amqp://us%40er:p%2Fw%25@[::1]:5999/my%2Fvhost?heartbeat=7&connection_timeout=2500")
    assert (address.host, address.port, address.virtual_host) == ("::1", 5999, "my/vhost")
    assert (address.user, address.password) == ("us@er", "p/w%")
    assert (address.heartbeat_seconds, address.connect_seconds) == (7, 2.5)
    assert parse_address("amqp://me@host").password == ""
    assert parse_address("amqp://host/").virtual_host == "/"


def test_tls_parameters() -> None:
    address = parse_address(
        "amqps://h?cacertfile=%2Fca.pem&certfile=/c.pem&keyfile=/k+1.pem&verify=verify_none&auth_mechanism=EXTERNAL&x=1"
    )
    assert (address.authority_file, address.certificate_file, address.key_file) == ("/ca.pem", "/c.pem", "/k+1.pem")
    assert (address.verifies_peer, address.mechanism, address.ignored) == (False, "external", ("x",))
    assert len(address.warnings) == 2


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("localhost", "does not start with amqp://"),
        ("http://user:secret@h", "does not start with amqp://"),
        ("amqp://me:secret@host:port/v", "host or port"),
        ("amqp://me:secret@h:0", "port 0"),
        ("amqp://me:sec#ret@h", "write %23|host or port"),
        ("amqp://h/a/b", "write %2F"),
        ("amqps://h?verify=off", "verify is 'off'"),
        ("amqp://h?heartbeat=soon", "heartbeat is 'soon'"),
        ("amqp://h?connection_timeout=0", "connection_timeout is '0'"),
        ("amqp://h?auth_mechanism=gssapi", "auth_mechanism is 'gssapi'"),
        ("amqps://h?keyfile=/k", "belong together"),
    ],
)
def test_what_cannot_be_used(url: str, told: str) -> None:
    with pytest.raises(AddressError, match=told) as problem:
        parse_address(url)
    assert "sec" not in str(problem.value)


def test_passwords_are_not_shown() -> None:
    address = parse_address("amqp://me:secret@host:5672/v?cacertfile=x")
    assert str(address) == "amqp://me@host:5672/v"
    assert str(parse_address("amqps://[::1]/")) == "amqps://guest@[::1]:5671/%2F"
    assert "secret" not in repr(address)

"""amqps: whom the worker trusts, and what it says when it does not."""

from __future__ import annotations

import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.broker import Desk, Node
from support.messages import execute
from support.process import WorkerProcess
from support.waiting import eventually

pytestmark = pytest.mark.broker
Start = Callable[..., WorkerProcess]


@pytest.fixture
def desk(tls_node: Node, make_desk: Callable[..., Desk]) -> Desk:
    return make_desk(tls_node)


def amqps(node: Node, *parameters: str, host: str = "localhost", user: str = "guest:guest@") -> str:
    return f"amqps://{user}{host}:{node.tls_port}/%2F?{'&'.join(parameters)}"


def authority(node: Node, name: str = "ca") -> str:
    return f"cacertfile={node.certificates / name}.pem"


def certificate(node: Node) -> str:
    return f"certfile={node.certificates / 'client.pem'}&keyfile={node.certificates / 'client.key'}"


def expect_connections(node: Node, columns: list[str], row: tuple[str, ...]) -> None:
    """The worker's two connections look like this, once the broker has noticed that those of earlier tests are gone."""

    def seen() -> bool:
        lines = node.ctl("list_connections", *columns, "client_properties", "--quiet").splitlines()
        return [tuple(line.split("\t")[:-1]) for line in lines if "tasker-sdk" in line] == [row, row]

    eventually(seen, f"two connections with {columns} {row}")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_steps_over_tls(tls_node: Node, desk: Desk, start_worker: Start, host: str) -> None:
    url = amqps(tls_node, authority(tls_node), host=host)
    worker = start_worker(**{**desk.environment, "TASKER_AMQP_URL": url})
    worker.wait_ready()
    large = {"text": "x" * 900_000}
    for context in (large, *({"n": number} for number in range(50)), large):
        desk.send(execute("echo", context))
    results = [desk.result() for _ in range(52)]
    assert {result["status"] for result in results} == {"completed"}
    assert sorted(len(str(result["result"])) > 900_000 for result in results) == [False] * 50 + [True] * 2
    expect_connections(tls_node, ["ssl"], ("true",))

    tls_node.close_worker_connections()
    worker.wait_for("connected to RabbitMQ again")
    desk.send(execute("echo"))
    assert desk.result()["status"] == "completed"
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 0
    assert "certificate" not in worker.output


def test_the_client_certificate_logs_in(tls_node: Node, desk: Desk, start_worker: Start) -> None:
    url = amqps(tls_node, authority(tls_node), certificate(tls_node), "auth_mechanism=external", user="")
    worker = start_worker(**{**desk.environment, "TASKER_AMQP_URL": url})
    worker.wait_ready()
    desk.send(execute("echo"))
    assert desk.result()["status"] == "completed"
    expect_connections(tls_node, ["auth_mechanism", "user"], ("EXTERNAL", "guest"))


@pytest.mark.parametrize(
    ("trusted", "host", "why"),
    [
        ("other-ca", "localhost", "unable to get local issuer certificate|self-signed|signature failure"),
        (None, "localhost", "unable to get local issuer certificate|self-signed"),
        ("ca", "127.0.0.2", "IP address mismatch"),
    ],
)
def test_a_certificate_that_is_not_trusted(
    tls_node: Node, start_worker: Start, trusted: str | None, host: str, why: str
) -> None:
    url = amqps(tls_node, *([authority(tls_node, trusted)] if trusted else []), host=host)
    worker = start_worker(TASKER_AMQP_URL=url)
    worker.wait_for("the certificate is refused: ", count=2)
    assert any(word in worker.output for word in why.split("|")), worker.output
    assert f"cannot reach RabbitMQ at {host}:{tls_node.tls_port}" in worker.output
    assert "cacertfile in the URL names the authorities to trust" in worker.output
    assert "Traceback" not in worker.output
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 0


def test_trusting_anybody_has_to_be_asked_for_and_is_told(tls_node: Node, desk: Desk, start_worker: Start) -> None:
    url = amqps(tls_node, "verify=verify_none", "frame_size=1", host="127.0.0.2")
    worker = start_worker(**{**desk.environment, "TASKER_AMQP_URL": url})
    worker.wait_ready()
    assert "verify=verify_none: anybody can pretend to be the broker" in worker.output
    assert "not known and ignored: frame_size" in worker.output


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("amqps://h?verify=none", "verify is 'none', neither verify_peer nor verify_none"),
        ("amqps://h?cacertfile=/no/such.pem", "'/no/such.pem' (cacertfile) cannot be read: no such file or directory"),
        (f"amqps://h?cacertfile={__file__}", "(cacertfile) cannot be used: "),
        ("amqps://h?certfile=/a.pem", "certfile and keyfile belong together and one is missing"),
        ("amqps://h?certfile=/a.pem&keyfile=/a.key", "'/a.pem' with the key '/a.key' cannot be read"),
    ],
)
def test_wrong_settings_end_the_worker(start_worker: Start, url: str, told: str) -> None:
    worker = start_worker(TASKER_AMQP_URL=url)
    assert worker.wait() == 2
    assert told in worker.output
    assert "TASKER_AMQP_URL" in worker.output
    assert "Traceback" not in worker.output


def test_wrong_credentials_over_tls(tls_node: Node, start_worker: Start) -> None:
    worker = start_worker(TASKER_AMQP_URL=amqps(tls_node, authority(tls_node), user="guest:secret@"))
    assert worker.wait() == 2
    assert "refused user 'guest': wrong user or password" in worker.output
    assert "secret" not in worker.output
    assert "Traceback" not in worker.output


def test_a_certificate_without_a_user(tls_node: Node, start_worker: Start) -> None:
    """The broker's own certificate is as good as any; nobody has its name."""
    server = f"certfile={tls_node.certificates / 'server.pem'}&keyfile={tls_node.certificates / 'server.key'}"
    url = amqps(tls_node, authority(tls_node), server, "auth_mechanism=external")
    worker = start_worker(TASKER_AMQP_URL=url)
    assert worker.wait() == 2
    assert "refused the client certificate" in worker.output
    assert "Traceback" not in worker.output


def test_a_login_that_the_broker_does_not_offer(node: Node, start_worker: Start) -> None:
    worker = start_worker(TASKER_AMQP_URL=f"{node.url}?auth_mechanism=external")
    assert worker.wait() == 2
    assert "does not offer the login 'external'" in worker.output
    assert "Traceback" not in worker.output


def test_tls_on_one_side_only(tls_node: Node, start_worker: Start) -> None:
    plain = start_worker(TASKER_AMQP_URL=f"amqp://guest:guest@localhost:{tls_node.tls_port}/%2F")
    plain.wait_for("or wants TLS (amqps://)")
    port = tls_node.url.rsplit(":", 1)[1].split("/")[0]
    secure = start_worker(TASKER_AMQP_URL=f"amqps://guest:guest@localhost:{port}/%2F?{authority(tls_node)}")
    secure.wait_for("whatever answers there does not speak TLS")
    assert "Traceback" not in plain.output + secure.output


@pytest.fixture
def demanding_port(tls_node: Node) -> Iterator[int]:
    """A server that breaks off without a client certificate."""
    folder: Path = tls_node.certificates
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                try:
                    context.wrap_socket(connection, server_side=True).close()
                except OSError:
                    connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_broker_that_demands_a_certificate(tls_node: Node, start_worker: Start, demanding_port: int) -> None:
    worker = start_worker(TASKER_AMQP_URL=f"amqps://localhost:{demanding_port}?{authority(tls_node)}")
    worker.wait_for("certfile and keyfile in the URL name the client certificate", count=2)
    assert "certificate required" in worker.output
    assert "Traceback" not in worker.output

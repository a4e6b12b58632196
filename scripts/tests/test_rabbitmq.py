"""scripts/rabbitmq against real nodes."""

from __future__ import annotations

import re
import socket
import ssl
import stat
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import ROOT, eventually, processes_naming, run

RABBITMQ = ROOT / "scripts/rabbitmq"


def rabbitmq(command: str, directory: Path, *arguments: str, **options: str) -> subprocess.CompletedProcess[str]:
    return run(RABBITMQ, command, "--dir", directory, *arguments, env=options)


def start(directory: Path, *arguments: str, **options: str) -> str:
    """Starts a node and returns its URL."""
    result = rabbitmq("start", directory, *arguments, **options)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def port_of(url: str) -> int:
    match = re.fullmatch(r"amqp://guest:guest@127\.0\.0\.1:(\d+)/%2F", url)
    assert match, url
    return int(match[1])


def speaks_amqp(url: str) -> bool:
    """Whether the server behind a URL answers the protocol header with Connection.Start."""
    try:
        with socket.create_connection(("127.0.0.1", port_of(url)), timeout=10) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            frame = connection.recv(11)
    except OSError:
        return False
    return frame[:1] == b"\x01" and frame[7:11] == b"\x00\x0a\x00\x0a"


def vhosts(directory: Path) -> list[str]:
    result = rabbitmq("ctl", directory, "--quiet", "list_vhosts")
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


def settled(directory: Path) -> list[str]:
    """Processes of a node that are still there once a moment was given to helpers that end with their parent."""
    eventually(lambda: not processes_naming(str(directory)), seconds=10)
    return processes_naming(str(directory))


def test_restart_and_crash_keep_port_and_data_and_stop_leaves_nothing(node_dir: Path) -> None:
    url = start(node_dir)
    assert speaks_amqp(url)
    assert start(node_dir) == url, "a second start must find the running node"
    status = rabbitmq("status", node_dir)
    assert status.returncode == 0 and status.stdout.startswith(f"running: {url}")
    assert rabbitmq("url", node_dir).stdout.strip() == url
    assert_listens_on_loopback_only(url)
    assert rabbitmq("ctl", node_dir, "add_vhost", "kept").returncode == 0

    assert rabbitmq("restart", node_dir).stdout.strip() == url
    assert speaks_amqp(url)
    assert "kept" in vhosts(node_dir)

    assert rabbitmq("kill", node_dir).returncode == 0
    assert not speaks_amqp(url)
    assert settled(node_dir) == []
    assert_a_taken_port_is_named(node_dir, port_of(url))
    assert start(node_dir) == url
    assert "kept" in vhosts(node_dir)

    for _ in range(2):
        assert rabbitmq("stop", node_dir).returncode == 0
        assert settled(node_dir) == []
    stopped = rabbitmq("status", node_dir)
    assert stopped.returncode == 3 and stopped.stdout.startswith("stopped")
    missing = rabbitmq("url", node_dir)
    assert missing.returncode == 1 and "no node runs" in missing.stderr and "Traceback" not in missing.stderr


def test_two_nodes_side_by_side_with_settings_of_their_own(node_dir: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    try:
        first = start(node_dir, "--set", "consumer_timeout = 61000", RABBITMQ_NODENAME="stray@localhost")
        second = start(other)
        assert first != second
        assert speaks_amqp(first) and speaks_amqp(second)
        timeout = rabbitmq("ctl", node_dir, "--quiet", "eval", "application:get_env(rabbit, consumer_timeout).")
        assert timeout.stdout.strip() == "{ok,61000}"
        cookie = node_dir / ".erlang.cookie"
        assert stat.S_IMODE(cookie.stat().st_mode) & 0o077 == 0
        assert cookie.read_text() != (other / ".erlang.cookie").read_text()

        assert rabbitmq("stop", node_dir).returncode == 0
        assert speaks_amqp(second), "stopping one node must not disturb the other"
    finally:
        rabbitmq("kill", other)


def assert_listens_on_loopback_only(url: str) -> None:
    port = port_of(url)
    own = {f"{number:04X}" for number in (port, port + 1, port + 2)}
    listening = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            columns = line.split()
            address, number = columns[1].rsplit(":", 1)
            if columns[3] == "0A" and number in own:
                listening.append((number, address))
    assert {number for number, _ in listening} == own
    # 127.0.0.1, ::1 and the mapped ::ffff:127.0.0.1, as the kernel prints them.
    loopback = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}
    assert {address for _, address in listening} <= loopback


def assert_a_taken_port_is_named(directory: Path, port: int) -> None:
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", port))
        squatter.listen()
        result = rabbitmq("start", directory)
    assert result.returncode == 1
    assert f"port {port} of the node" in result.stderr
    assert "taken by another program" in result.stderr


def test_node_ends_with_its_owner(node_dir: Path) -> None:
    owner = subprocess.Popen(["sleep", "600"])
    try:
        url = start(node_dir, "--owner", str(owner.pid))
        assert rabbitmq("restart", node_dir).stdout.strip() == url
        assert speaks_amqp(url), "a restart keeps the owner"
    finally:
        owner.kill()
        owner.wait()
    assert eventually(lambda: rabbitmq("status", node_dir).returncode == 3)
    assert settled(node_dir) == []


def test_tls_is_verified_and_kept_for_later_starts(node_dir: Path) -> None:
    secure = start(node_dir, "--tls")
    tls = node_dir / "tls"
    assert urlsplit(secure).scheme == "amqps"
    assert parse_qs(urlsplit(secure).query) == {"cacertfile": [str(tls / "ca.pem")]}
    plain = rabbitmq("url", node_dir).stdout.strip()
    assert speaks_amqp(plain)
    assert rabbitmq("url", node_dir, "--tls").stdout.strip() == secure
    assert rabbitmq("restart", node_dir).stdout.strip() == plain
    assert rabbitmq("url", node_dir, "--tls").stdout.strip() == secure, "TLS is kept"

    port = urlsplit(secure).port
    for host in ("localhost", "127.0.0.1"):
        assert speaks_tls(host, port, tls / "ca.pem")
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        speaks_tls("127.0.0.2", port, tls / "ca.pem")
    with pytest.raises(ssl.SSLCertVerificationError):
        speaks_tls("localhost", port, tls / "other-ca.pem")
    for key in tls.glob("*.key"):
        assert stat.S_IMODE(key.stat().st_mode) & 0o077 == 0

    assert rabbitmq("stop", node_dir).returncode == 0
    assert start(node_dir) == plain


def speaks_tls(host: str, port: int | None, authority: Path) -> bool:
    """Whether the listener answers the AMQP header through TLS that we can trust."""
    with (
        socket.create_connection(("127.0.0.1" if host == "localhost" else host, port), timeout=10) as connection,
        ssl.create_default_context(cafile=str(authority)).wrap_socket(connection, server_hostname=host) as secure,
    ):
        secure.sendall(b"AMQP\x00\x00\x09\x01")
        return secure.recv(11)[7:11] == b"\x00\x0a\x00\x0a"


def test_a_node_without_tls_says_so(node_dir: Path) -> None:
    start(node_dir)
    for command in ("url", "start"):
        result = rabbitmq(command, node_dir, "--tls")
        assert result.returncode == 1
        assert "TLS" in result.stderr and "start" in result.stderr


def test_bad_configuration_ends_in_an_error_and_leaves_no_process(node_dir: Path) -> None:
    result = rabbitmq("start", node_dir, "--set", "no_such_setting = 1")
    assert result.returncode == 1
    assert "did not start" in result.stderr and "no_such_setting" in result.stderr
    assert settled(node_dir) == []


def test_wrong_usage_says_what_to_do(tmp_path: Path) -> None:
    assert "unknown option '--nope'" in run(RABBITMQ, "start", "--nope").stderr
    assert "unknown command 'begin'" in run(RABBITMQ, "begin").stderr
    assert run(RABBITMQ).returncode == 2
    assert "Usage: scripts/rabbitmq" in run(RABBITMQ, "--help").stdout
    blocked = tmp_path / "file"
    blocked.write_text("")
    result = rabbitmq("start", blocked / "node")
    assert result.returncode == 1 and "cannot create" in result.stderr

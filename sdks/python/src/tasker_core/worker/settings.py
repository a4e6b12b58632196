"""Settings of a worker: flags, then ``TASKER_*``, then defaults; every problem is reported at once."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tasker_core.exceptions import WorkerBootstrapError
from tasker_core.wire.names import Topology, is_prefix, is_queue_name
from tasker_core.worker.address import AddressError, AmqpAddress, parse_address

DEFAULT_URL = "amqp://guest:guest@localhost:5672/%2F"
DEFAULT_SLOTS = 10
DEFAULT_GRACE_SECONDS = 30.0
MOST_SLOTS = 65_535  # basic.qos carries 16 bits


class SettingsError(WorkerBootstrapError):
    """Settings are wrong; the message lists all of them with the remedy."""


@dataclass(frozen=True)
class WorkerSettings:
    """Checked settings. ``grace_seconds`` is what running handlers get when the worker is told to stop."""

    amqp_url: str = DEFAULT_URL
    queue_prefix: str = "tasker"
    queue_type: str = "quorum"
    namespaces: tuple[str, ...] = ("default",)
    queues: tuple[str, ...] = ("default",)
    slots: int = DEFAULT_SLOTS
    grace_seconds: float = DEFAULT_GRACE_SECONDS
    worker_id: str | None = None
    hostname: str = "localhost"
    any_handler: bool = False
    log_level: str = "info"

    @property
    def topology(self) -> Topology:
        return Topology(self.queue_prefix, self.queue_type)

    @property
    def address(self) -> AmqpAddress:
        return parse_address(self.amqp_url)

    @property
    def shown_url(self) -> str:
        """The broker's address without the password."""
        return str(self.address)


def read_settings(
    environment: Mapping[str, str] | None = None,
    *,
    amqp_url: str | None = None,
    namespaces: Iterable[str] = (),
    queues: Iterable[str] = (),
    slots: int | str | None = None,
    grace_seconds: float | str | None = None,
    worker_id: str | None = None,
    any_handler: bool = False,
    log_level: str | None = None,
    template_namespaces: Iterable[str] = (),
) -> WorkerSettings:
    """Combine and check settings. Raises :class:`SettingsError` that lists everything to correct."""
    env: Mapping[str, str] = os.environ if environment is None else environment
    problems: list[str] = []

    def fail(text: str) -> None:
        problems.append(text)

    url = amqp_url or env.get("TASKER_AMQP_URL") or env.get("RABBITMQ_URL") or DEFAULT_URL
    _check_url(url, fail)
    prefix = env.get("TASKER_QUEUE_PREFIX") or "tasker"
    if not is_prefix(prefix):
        fail(f"TASKER_QUEUE_PREFIX is {prefix!r}: use a lower-case letter, then up to 31 of a-z 0-9 _ -")
    queue_type = env.get("TASKER_QUEUE_TYPE") or "quorum"
    if queue_type not in ("quorum", "classic"):
        fail(f"TASKER_QUEUE_TYPE is {queue_type!r}: use 'quorum' or 'classic'")
    all_namespaces = _unique([*namespaces, *_split(env.get("TASKER_NAMESPACE")), *template_namespaces]) or ["default"]
    all_queues = _unique([*queues]) or _unique(_split(env.get("TASKER_QUEUE")))
    if not all_queues:
        if len(all_namespaces) > 1:
            fail(
                f"several namespaces ({', '.join(all_namespaces)}) and no queue: name the queue of this fleet with "
                "--queue or TASKER_QUEUE"
            )
        all_queues = [all_namespaces[0]]
    for queue in all_queues:
        if not is_queue_name(queue):
            fail(f"queue {queue!r} is not usable: 1-128 characters of A-Z a-z 0-9 _ . : @ / # -")
    slots_text = slots or env.get("TASKER_SLOTS") or env.get("TASKER_MAX_CONCURRENT_HANDLERS") or DEFAULT_SLOTS
    slot_count = int(_number(slots_text, "slots (--slots, TASKER_SLOTS)", 1, MOST_SLOTS, True, fail))
    grace_text: Any = grace_seconds if grace_seconds is not None else env.get("TASKER_GRACE_SECONDS")
    grace = _number(
        DEFAULT_GRACE_SECONDS if grace_text in (None, "") else grace_text,
        "TASKER_GRACE_SECONDS",
        0,
        86_400,
        False,
        fail,
    )
    level = (log_level or env.get("TASKER_LOG_LEVEL") or _plain_level(env.get("RUST_LOG")) or "info").lower()
    if level not in LOG_LEVELS:
        fail(f"log level {level!r} is unknown: use {', '.join(LOG_LEVELS)}")
    if problems:
        raise SettingsError("\n".join(problems))
    return WorkerSettings(
        amqp_url=url,
        queue_prefix=prefix,
        queue_type=queue_type,
        namespaces=tuple(all_namespaces),
        queues=tuple(all_queues),
        slots=slot_count,
        grace_seconds=grace,
        worker_id=worker_id,
        hostname=env.get("HOSTNAME") or socket.gethostname(),
        any_handler=any_handler,
        log_level=level,
    )


LOG_LEVELS = ("trace", "debug", "info", "warn", "warning", "error")


def _plain_level(text: str | None) -> str | None:
    """RUST_LOG counts only when it is one word; filters like ``tasker=debug`` are somebody else's."""
    return text if text is not None and text.lower() in LOG_LEVELS else None


def _check_url(url: str, fail: Any) -> None:
    try:
        address = parse_address(url)
    except AddressError as error:
        fail(
            f"the AMQP URL cannot be used: {error}; write amqp://user:password@host:5672/vhost "
            "(or amqps://...) in --amqp or TASKER_AMQP_URL"
        )
        return
    try:
        if address.tls:
            address.tls_context()
    except AddressError as error:
        fail(f"{error}; correct the AMQP URL in --amqp or TASKER_AMQP_URL")


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _unique(names: list[str]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))


def _number(value: Any, name: str, least: float, most: float, whole: bool, fail: Any) -> float:
    try:
        number = float(value)
        if number != number or not least <= number <= most or (whole and number != int(number)):
            raise ValueError
    except (TypeError, ValueError):
        kind = "a whole number" if whole else "a number"
        fail(f"{name} is {value!r}: use {kind} from {least:g} to {most:g}")
        return least
    return number

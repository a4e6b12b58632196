"""Settings: precedence, defaults, and every problem at once."""

from __future__ import annotations

import pytest

from tasker_core.worker.settings import SettingsError, read_settings


def test_defaults() -> None:
    settings = read_settings({})
    assert settings.amqp_url == "amqp://guest:guest@localhost:5672/%2F"
    assert (settings.namespaces, settings.queues, settings.slots) == (("default",), ("default",), 10)
    assert (settings.grace_seconds, settings.queue_type, settings.queue_prefix) == (30, "quorum", "tasker")


def test_environment_and_flags() -> None:
    environment = {
        "RABBITMQ_URL": "amqp://old/",
        "TASKER_AMQP_URL": "amqps://u:p@host:5671/v",
        "TASKER_NAMESPACE": "shop, billing",
        "TASKER_QUEUE": "shop.python",
        "TASKER_SLOTS": "4",
        "TASKER_MAX_CONCURRENT_HANDLERS": "99",
        "TASKER_GRACE_SECONDS": "2.5",
        "TASKER_QUEUE_TYPE": "classic",
        "TASKER_QUEUE_PREFIX": "t1",
        "TASKER_LOG_LEVEL": "warn",
        "HOSTNAME": "pod-1",
        "DATABASE_URL": "ignored",
    }
    settings = read_settings(environment)
    assert settings.amqp_url == "amqps://u:p@host:5671/v"
    assert settings.namespaces == ("shop", "billing")
    assert settings.queues == ("shop.python",)
    assert (settings.slots, settings.grace_seconds, settings.hostname) == (4, 2.5, "pod-1")
    assert settings.topology.steps("shop.python") == "t1.steps.shop.python"
    assert settings.topology.step_arguments == {"x-queue-type": "classic", "x-dead-letter-exchange": "t1.dead"}
    flags = read_settings(environment, amqp_url="amqp://f/", queues=["q"], slots="7", namespaces=["extra"])
    assert (flags.amqp_url, flags.queues, flags.slots) == ("amqp://f/", ("q",), 7)
    assert flags.namespaces == ("extra", "shop", "billing")
    assert read_settings({"RABBITMQ_URL": "amqp://old/"}).amqp_url == "amqp://old/"
    assert read_settings({"TASKER_MAX_CONCURRENT_HANDLERS": "3"}).slots == 3


def test_the_queue_is_the_only_namespace_by_default() -> None:
    assert read_settings({"TASKER_NAMESPACE": "shop"}).queues == ("shop",)
    with pytest.raises(SettingsError, match="--queue"):
        read_settings({"TASKER_NAMESPACE": "shop,billing"})


def test_quorum_queues_have_a_delivery_limit() -> None:
    assert read_settings({}).topology.step_arguments == {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": "tasker.dead",
        "x-delivery-limit": 20,
    }


def test_every_problem_is_listed() -> None:
    with pytest.raises(SettingsError) as problem:
        read_settings(
            {
                "TASKER_AMQP_URL": "http://user:secret@host",
                "TASKER_QUEUE": "a b",
                "TASKER_SLOTS": "0",
                "TASKER_GRACE_SECONDS": "soon",
                "TASKER_QUEUE_TYPE": "stream",
                "TASKER_QUEUE_PREFIX": "9",
                "TASKER_LOG_LEVEL": "loud",
            }
        )
    text = str(problem.value)
    assert len(text.splitlines()) == 7
    assert "secret" not in text
    for name in ("TASKER_SLOTS", "TASKER_GRACE_SECONDS", "TASKER_QUEUE_TYPE", "TASKER_QUEUE_PREFIX", "loud", "'a b'"):
        assert name in text


@pytest.mark.parametrize("level", ["debug", "tasker=debug,warn"])
def test_rust_log_counts_only_as_a_plain_word(level: str) -> None:
    assert read_settings({"RUST_LOG": level}).log_level == ("debug" if level == "debug" else "info")

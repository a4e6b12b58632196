"""Wire protocol 6.8: hello, heartbeats every 15 s, bye."""

from __future__ import annotations

import json

from support.machine import WRITER
from tasker_core.worker.announcer import Announcer
from tasker_core.worker.job import Publication


class Desk:
    def __init__(self) -> None:
        self.sent: list[Publication] = []
        self.ready = 0
        self.left = 0
        self.announcer = Announcer(
            WRITER,
            self.sent.append,
            workers_queue="tasker.workers",
            members=lambda: {"handlers": []},
            activity=lambda: {"status": "active"},
            wall=lambda: 0.0,
            on_ready=self._count_ready,
        )

    def _count_ready(self) -> None:
        self.ready += 1

    def count_left(self) -> None:
        self.left += 1

    @property
    def kinds(self) -> list[str]:
        return [json.loads(publication.body)["kind"] for publication in self.sent]


def test_ready_means_that_the_hello_is_confirmed() -> None:
    desk = Desk()
    desk.announcer.connected(0)
    assert desk.ready == 0
    desk.announcer.confirmed(desk.sent[0], 1)
    assert desk.ready == 1


def test_heartbeats_have_a_sequence_and_come_every_15_seconds() -> None:
    desk = Desk()
    desk.announcer.connected(0)
    desk.announcer.confirmed(desk.sent[0], 0)
    for now in (14, 15, 16, 30, 31):
        desk.announcer.tick(now)
    assert desk.kinds == ["worker.hello", "worker.heartbeat", "worker.heartbeat"]
    assert [json.loads(publication.body)["sequence"] for publication in desk.sent[1:]] == [1, 2]


def test_a_hello_is_dropped_while_the_queue_is_missing_and_said_anew() -> None:
    desk = Desk()
    desk.announcer.connected(0)
    desk.announcer.failed(desk.sent[0], 0, returned=True)
    desk.announcer.tick(1.9)
    assert len(desk.sent) == 1
    desk.announcer.tick(2)
    desk.announcer.confirmed(desk.sent[1], 2)
    assert desk.ready == 1


def test_hello_again_after_a_reconnect_and_for_new_handlers() -> None:
    desk = Desk()
    desk.announcer.connected(0)
    desk.announcer.disconnected()
    desk.announcer.changed(1)
    desk.announcer.tick(100)
    assert desk.kinds == ["worker.hello"]
    desk.announcer.connected(101)
    desk.announcer.changed(102)
    assert desk.kinds == ["worker.hello"] * 3


def test_bye_is_over_when_confirmed_lost_or_after_its_patience() -> None:
    for ending in ("confirmed", "returned", "lost", "late"):
        desk = Desk()
        desk.announcer.connected(0)
        desk.announcer.bye("SIGTERM", 1, desk.count_left)
        assert desk.left == 0
        bye = desk.sent[-1]
        assert json.loads(bye.body)["reason"] == "SIGTERM"
        if ending == "confirmed":
            desk.announcer.confirmed(bye, 2)
        elif ending == "returned":
            desk.announcer.failed(bye, 2, returned=True)
        elif ending == "lost":
            desk.announcer.disconnected()
        else:
            desk.announcer.tick(desk.announcer.wake_at)
        assert desk.left == 1


def test_bye_without_a_connection_is_over_at_once() -> None:
    desk = Desk()
    desk.announcer.bye("SIGTERM", 1, desk.count_left)
    assert (desk.left, desk.sent) == (1, [])

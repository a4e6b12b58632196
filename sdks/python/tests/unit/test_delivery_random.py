"""Random schedules of deliveries, failures and time against the delivery machine: what must always hold."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from support.machine import Bench
from support.messages import execute
from tasker_core.worker.job import Job, Publication, Purpose, State


class World:
    """A broker queue with redeliveries around one machine."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.slots = self.random.randint(1, 3)
        self.bench = Bench(slots=self.slots, queues=self.random.randint(1, 2))
        self.prefetch = self.slots * 2
        self.queue: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter()
        self.held: dict[int, dict[str, Any]] = {}
        self.answers: dict[str, set[bytes]] = {}
        self.settled: set[str] = set()
        self.started: Counter[str] = Counter()
        self.running: list[Job] = []
        self.publisher = self.consumer = True
        self.seen = 0
        self.acks_seen = 0
        self.in_flight: list[Publication] = []
        self.parked: set[str] = set()

    def act(self) -> None:
        steps = [self.publish, self.deliver, self.deliver, self.finish, self.finish, self.settle, self.settle]
        steps += [self.time, self.cancel, self.flap_consumer, self.flap_publisher, self.block]
        self.random.choice(steps)()
        self.observe()

    def publish(self) -> None:
        limits = {"ack_deadline_ms": self.random.choice([2000, 600_000]), "heartbeat_interval_ms": 3000}
        self.queue.append(execute(limits=limits))

    def deliver(self) -> None:
        if self.consumer and self.bench.consuming and self.queue and len(self.held) < self.prefetch:
            message = self.queue.pop(0)
            count = self.counts[message["dispatch_id"]]
            before = set(self.started)
            tag = self.bench.deliver(message, redelivered=count > 0, delivery_count=count or None)
            self.held[tag] = message
            self.observe()
            if count and message["dispatch_id"] not in before and message["dispatch_id"] in self.started:
                # Only a delivery this process had seen before and never started may begin on its redelivery.
                assert message["dispatch_id"] in self.parked, "a redelivered step was started"

    def finish(self) -> None:
        alive = [job for job in self.running if job.state is State.RUNNING]
        if alive:
            job = self.random.choice(alive)
            self.running.remove(job)
            self.bench.finish(job)

    def settle(self) -> None:
        if not self.publisher or not self.in_flight:
            return
        publication = self.in_flight.pop(self.random.randrange(len(self.in_flight)))
        fate = self.random.random()
        if fate < 0.7:
            if publication.purpose is Purpose.ANSWER and publication.job is not None:
                self.settled.add(publication.job.key)
            if publication.purpose is Purpose.DETACH and publication.job is not None:
                self.settled.add(publication.job.key)
            self.bench.confirm(publication)
        elif fate < 0.85:
            self.bench.machine.nacked(publication, self.bench.now)
        else:
            self.bench.machine.returned(publication, self.bench.now)

    def time(self) -> None:
        self.bench.advance(self.random.choice([0.1, 1.1, 4, 11]))

    def cancel(self) -> None:
        known = [*self.queue, *self.held.values()]
        if known and self.random.random() < 0.3:
            self.bench.machine.cancel(self.random.choice(known)["dispatch_id"], self.bench.now)

    def flap_consumer(self) -> None:
        if self.consumer:
            if self.random.random() < 0.5:
                return
            for message in self.held.values():
                self.counts[message["dispatch_id"]] += 1
                self.queue.insert(0, message)
            self.held.clear()
            self.bench.consumer_down()
            self.parked = {key for key, job in self.bench.machine.jobs.items() if job.state is State.PARKED}
        else:
            self.bench.consumer_up()
        self.consumer = not self.consumer

    def flap_publisher(self) -> None:
        if self.publisher:
            if self.random.random() < 0.5:
                return
            self.in_flight.clear()
            self.bench.machine.publisher_down(self.bench.now)
        else:
            self.publisher = True
            self.bench.machine.publisher_up(self.bench.now)
            return
        self.publisher = False

    def block(self) -> None:
        if self.publisher:
            turn = self.random.choice([self.bench.machine.blocked, self.bench.machine.unblocked])
            turn(self.bench.now)

    def observe(self) -> None:
        """Take notice of what the machine did, and check what must always hold."""
        bench = self.bench
        for publication in bench.sent[self.seen :]:
            if publication.purpose is Purpose.ANSWER and publication.job is not None:
                self.answers.setdefault(publication.job.key, set()).add(publication.body)
            if self.publisher and publication.purpose in (Purpose.ANSWER, Purpose.DETACH):
                self.in_flight.append(publication)
        self.seen = len(bench.sent)
        for tag in bench.acked[self.acks_seen :]:
            message = self.held.pop(tag)
            assert message["dispatch_id"] in self.settled, "acked before a confirm"
        self.acks_seen = len(bench.acked)
        for job in bench.started:
            self.started[job.key] += 1
            self.running.append(job)
        bench.started.clear()
        assert all(times == 1 for times in self.started.values()), "a dispatch was started twice"
        busy = [job for job in bench.machine.jobs.values() if job.has_slot]
        assert len(busy) == bench.machine.slots_used <= self.slots
        assert all(len(bodies) == 1 for bodies in self.answers.values()), "two different answers to one dispatch"

    def calm_down(self) -> None:
        """Everything works again: all that was ever delivered must come to an end."""
        if not self.consumer:
            self.flap_consumer_up()
        if not self.publisher:
            self.flap_publisher()
        self.bench.machine.unblocked(self.bench.now)
        for _ in range(10_000):
            self.observe()
            if not (self.queue or self.held or self.bench.machine.jobs):
                return
            self.deliver()
            self.finish()
            while self.in_flight:
                publication = self.in_flight.pop()
                if publication.job is not None:
                    self.settled.add(publication.job.key)
                self.bench.confirm(publication)
                self.observe()
            self.bench.advance(0.6)
        left = [message["dispatch_id"] for message in (*self.queue, *self.held.values())]
        raise AssertionError(f"left over: {left}, held by the machine: {list(self.bench.machine.jobs)}")

    def flap_consumer_up(self) -> None:
        self.bench.consumer_up()
        self.consumer = True


@pytest.mark.parametrize("seed", range(300))
def test_whatever_happens(seed: int) -> None:
    world = World(seed)
    for _ in range(150):
        world.act()
    world.calm_down()
    assert world.bench.machine.slots_used == 0

"""A worker under test and what a scenario does to it: the operations that both transports share."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runner.dispatches import Contract, Dispatch
from runner.errors import ScenarioFailed
from runner.judge import Judge, Received
from runner.patterns import MISSING, difference
from runner.process import WorkerProcess
from runner.scenarios import Scenario

PATIENCE = 30.0
#: Handlers of other projects must not decide what a conformance run does.
_KEPT_OUT = ("TASKER_", "RABBITMQ_", "ORCHESTRATION_")


class Bench:
    """One scenario's state. Operation `x` is the method `do_x`."""

    amqp = False

    def __init__(self, scenario: Scenario, command: list[str], contract: Contract, judge: Judge, folder: Path) -> None:
        self.scenario = scenario
        self.command = command
        self.contract = contract
        self.judge = judge
        self.folder = folder
        self.dispatches: dict[str, Dispatch] = {}
        self.received: list[Received] = []
        self.workers: dict[str, WorkerProcess] = {}
        self.variables: dict[str, Any] = {}
        self.patience = PATIENCE

    # What a transport adds

    def settings(self) -> dict[str, str]:
        """The environment that connects the worker with this bench."""
        return {}

    def listen(self) -> None:
        """Take in what the worker has written; returns soon."""
        raise NotImplementedError

    def deliver(self, dispatch: Dispatch, operation: dict[str, Any]) -> None:
        """Hand the message to the worker."""
        raise NotImplementedError

    def wait_ready(self, worker: WorkerProcess) -> None:
        """Until the worker can be used."""

    def finish(self) -> None:
        """Everything that the worker has written is taken in; nothing unexpected may be among it."""
        for one in self.received:
            if one.kind == "step.result" and not one.claimed:
                raise ScenarioFailed(f"a result that was not expected: {self._described(one)}")

    # Running

    def perform(self, operation: dict[str, Any]) -> None:
        """One operation. Raises ScenarioFailed."""
        getattr(self, f"do_{operation['do']}")(operation)

    def close(self) -> None:
        for worker in self.workers.values():
            worker.end()

    def until(self, condition: Callable[[], bool], what: Callable[[], str] | str, within: float | None = None) -> None:
        """Poll; what has ended without need is reported at once."""
        deadline = time.monotonic() + (within or self.patience)
        while True:
            self.listen()
            if condition():
                return
            if time.monotonic() > deadline:
                text = what if isinstance(what, str) else what()
                raise ScenarioFailed(f"waited {within or self.patience:g} s for {text}")

    def worker(self, operation: dict[str, Any]) -> WorkerProcess:
        name = operation.get("worker", "worker")
        if name not in self.workers:
            raise ScenarioFailed(f"the scenario has started no worker {name}")
        return self.workers[name]

    def resolve(self, text: str) -> str:
        """`{file:x}` becomes a path, `{dispatch_id:a}` the id of a dispatch."""
        if text.startswith("{file:") and text.endswith("}"):
            return str(self.folder / text[len("{file:") : -1])
        if text.startswith("{dispatch_id:") and text.endswith("}"):
            return self.dispatches[text[len("{dispatch_id:") : -1]].id
        return text

    def take_in(self, received: Received) -> None:
        """A message of the worker: judged, then kept for `expect`."""
        named = next((d for d in self.dispatches.values() if d.id == received.dispatch_id), None)
        self.judge.check(received, named, self.amqp)
        self.received.append(received)

    def matching(self, kind: str, name: str | None) -> list[Received]:
        wanted = self.dispatches[name].id if name is not None else None
        return [one for one in self.received if one.kind == kind and (wanted is None or one.dispatch_id == wanted)]

    def _described(self, one: Received) -> str:
        text = str({key: one.message.get(key) for key in ("kind", "dispatch_id", "status", "result", "error")})
        return text if len(text) <= 300 else text[:300] + "…"

    # Operations

    def do_start_worker(self, operation: dict[str, Any]) -> None:
        name = operation.get("as", "worker")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_KEPT_OUT)}
        chosen = {**dict(self.scenario.settings), **operation.get("settings", {})}
        environment = {**kept, "TASKER_NAMESPACE": "conformance", **self.settings(), **chosen}
        log = self.folder / f"{name}.stderr"
        worker = self.workers[name] = WorkerProcess(self.command, environment, log, stdio=not self.amqp)
        if operation.get("ready", True):
            self.wait_ready(worker)

    def do_signal(self, operation: dict[str, Any]) -> None:
        self.worker(operation).signal(operation["signal"])

    def do_expect_exit(self, operation: dict[str, Any]) -> None:
        worker, wanted = self.worker(operation), operation["code"]
        self.until(lambda: worker.code is not None and worker.output_ended, "the end of the worker's process",
                   operation.get("within"))  # fmt: skip
        if (worker.code == 0) if wanted == "not 0" else (worker.code != wanted):
            raise ScenarioFailed(f"the worker ended with status {worker.code}, expected {wanted}")
        self.listen()

    def do_expect_stderr(self, operation: dict[str, Any]) -> None:
        text, worker = self.resolve(operation["contains"]), self.worker(operation)
        self.until(lambda: text in worker.stderr, lambda: f"{text!r} in what the worker wrote to stderr")

    def do_send(self, operation: dict[str, Any]) -> None:
        if "message" in operation:
            self.deliver(self.dispatches[operation["message"]], operation)
            return
        same = operation.get("same_step_as")
        dispatch = self.contract.dispatch(
            operation["as"],
            operation.get("handler"),
            operation.get("execute", {}),
            self.resolve,
            None if same is None else self.dispatches[same],
        )
        self.dispatches[dispatch.name] = dispatch
        readable = all(isinstance(dispatch.message[member], dict) for member in ("task", "step"))
        dispatch.has_ids = readable and dispatch.message["protocol"].startswith("1.")
        self.deliver(dispatch, operation)

    def do_cases(self, operation: dict[str, Any]) -> None:
        faults = []
        for name in operation["handlers"]:
            for number, case in enumerate(self.contract.handlers[name]["cases"], 1):
                key = f"{name}/{number}"
                self.do_send({"as": key, "handler": name, "execute": case["execute"]})
                try:
                    self.do_expect({"kind": "step.result", "of": key, "matches": case["result"]})
                except ScenarioFailed as fault:
                    faults.append(f"{name}: {case['description']}: {fault}")
        if faults:
            more = [f"and {len(faults) - 5} more"] if len(faults) > 5 else []
            raise ScenarioFailed("\n".join(faults[:5] + more))

    def do_expect(self, operation: dict[str, Any]) -> None:
        kind, name = operation["kind"], operation.get("of")
        last: list[str] = []

        def found() -> bool:
            for one in self.matching(kind, name):
                if one.claimed:
                    continue
                fault = self._fault(operation, one)
                if fault is None:
                    one.claimed = True
                    self._save(operation.get("save", {}), one.message)
                    return True
                if not operation.get("skip_others"):
                    one.claimed = True
                    raise ScenarioFailed(f"{kind}: {fault}; the whole message: {self._described(one)}")
                last[:] = [f"; the last one differed: {fault}"]
            self._look_at_the_process(kind, name)
            return False

        whose = "" if name is None else f" of {name}"
        self.until(found, lambda: f"a {kind}{whose}{''.join(last)}{self._heard()}", operation.get("within"))

    def _fault(self, operation: dict[str, Any], one: Received) -> str | None:
        fault = difference(operation["matches"], one.message, self.variables)
        if fault is None and self.amqp and "properties" in operation:
            fault = difference(operation["properties"], one.properties, self.variables, "properties")
        return fault

    def _look_at_the_process(self, kind: str, name: str | None) -> None:
        """Waiting for a worker that has ended is in vain."""
        ended = [worker for worker in self.workers.values() if worker.code is not None and worker.output_ended]
        if self.workers and len(ended) == len(self.workers):
            self.listen()
            if not any(not one.claimed for one in self.matching(kind, name)):
                raise ScenarioFailed(f"the worker ended with status {ended[-1].code} and sent no {kind}")

    def _heard(self) -> str:
        rest = [f"{one.kind} {one.message.get('status', '')}".strip() for one in self.received if not one.claimed]
        return f" (unexpected so far: {', '.join(rest[-5:])})" if rest else ""

    def _save(self, wanted: dict[str, str], message: dict[str, Any]) -> None:
        for name, pointer in wanted.items():
            value: Any = message
            for part in pointer.strip("/").split("/"):
                value = value.get(part, MISSING) if isinstance(value, dict) else MISSING
            self.variables[name] = value

    def do_pass_over(self, operation: dict[str, Any]) -> None:
        self.listen()
        for one in self.matching(operation["kind"], operation["of"]):
            one.claimed = True

    def do_expect_count(self, operation: dict[str, Any]) -> None:
        self.listen()
        found = len(self.matching(operation["kind"], operation["of"]))
        if found != operation["is"]:
            raise ScenarioFailed(
                f"{found} messages {operation['kind']} of {operation['of']}, expected {operation['is']}"
            )

    def do_create_file(self, operation: dict[str, Any]) -> None:
        (self.folder / operation["file"]).touch()

    def do_expect_lines(self, operation: dict[str, Any]) -> None:
        path, wanted = self.folder / operation["file"], operation["is"]

        def lines() -> int:
            return path.read_bytes().count(b"\n") if path.exists() else 0

        self.until(lambda: lines() >= wanted, lambda: f"{wanted} starts of a handler, seen {lines()}",
                   operation.get("within"))  # fmt: skip
        if lines() > wanted:
            raise ScenarioFailed(f"handlers were started {lines()} times, expected {wanted}")

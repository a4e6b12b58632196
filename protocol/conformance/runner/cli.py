"""The command line of `protocol/conformance/run`."""

from __future__ import annotations

import argparse
import fnmatch
import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from runner import report
from runner.amqp_bench import AmqpBench
from runner.bench import PATIENCE, Bench
from runner.dispatches import FOLDER, Contract
from runner.errors import RunnerError, ScenarioFailed
from runner.judge import Judge
from runner.node import Node
from runner.report import Outcome
from runner.scenarios import Scenario, load
from runner.stdio_bench import StdioBench

EPILOG = """examples:
  protocol/conformance/run -- python -m tasker_core.worker conformance.handlers
  protocol/conformance/run --transport stdio -- ruby worker.rb
  protocol/conformance/run --only 'redelivered*' -- ./worker

The worker is started by COMMAND, once or more per scenario, with the settings of the wire protocol (6.12) in its
environment. Exit status: 0 everything passed, 1 something failed, 2 the run could not be done.
"""


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    try:
        chosen = [one for one in load() if options.transport in one.transports and _wanted(one, options.only)]
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if options.list:
        for one in chosen:
            print(f"{one.name:<46}  {one.rule:<10}  {one.description}".rstrip())
        return 0
    if not command or not chosen:
        print(
            "error: " + ("name the worker's command after --" if chosen else "no scenario of that name"),
            file=sys.stderr,
        )
        return 2
    try:
        return _run(options, command, chosen)
    except RunnerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="protocol/conformance/run",
        description="Drive a worker program through the conformance scenarios.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--transport", choices=("amqp", "stdio"), default="amqp", help="how COMMAND speaks (amqp)")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="a scenario, * allowed; repeatable")
    parser.add_argument("--language", help="skip what exclusions.json excludes for this language")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report here (conformance-report.json)",
                        default=Path("conformance-report.json"))  # fmt: skip
    parser.add_argument("--jobs", type=int, default=4, metavar="N", help="scenarios at the same time (4)")
    parser.add_argument("--patience", type=float, default=PATIENCE, metavar="S",
                        help="seconds to wait where a scenario says nothing else (30)")  # fmt: skip
    parser.add_argument("--node", type=Path, metavar="DIR",
                        help="use the node of scripts/rabbitmq --dir DIR, and leave it running")  # fmt: skip
    parser.add_argument("--list", action="store_true", help="list the scenarios and do nothing")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="starts the worker")
    return parser


def _wanted(scenario: Scenario, patterns: list[str]) -> bool:
    return not patterns or any(fnmatch.fnmatchcase(scenario.name, pattern) for pattern in patterns)


def _run(options: argparse.Namespace, command: list[str], chosen: list[Scenario]) -> int:
    excluded = _exclusions(options.language, options.transport)
    contract, judge = Contract(), Judge()
    if not judge.knows_schemas:
        print("note: jsonschema is not installed; messages are not compared with schemas/sent", file=sys.stderr)
    node = Node(options.node) if options.transport == "amqp" else None
    run = Run(command, contract, judge, node, excluded, options.transport, options.patience)
    try:
        # What disturbs the broker disturbs everybody, so it runs alone.
        with ThreadPoolExecutor(options.jobs) as pool:
            list(pool.map(run.scenario, [one for one in chosen if not one.is_alone]))
        for one in chosen:
            if one.is_alone:
                run.scenario(one)
    finally:
        if node is not None:
            node.remove()
        report.write(options.report, run.outcomes, command, judge.knows_schemas)
    print(f"{report.summary(run.outcomes)}; report: {options.report}")
    return 1 if any(one.status == "failed" for one in run.outcomes) else 0


@dataclass
class Run:
    """One run of the runner; its scenarios may run at the same time."""

    command: list[str]
    contract: Contract
    judge: Judge
    node: Node | None
    excluded: dict[str, str]
    transport: str
    patience: float = PATIENCE
    outcomes: list[Outcome] = field(default_factory=list)

    def scenario(self, scenario: Scenario) -> None:
        """Run it and print its row."""
        started = time.monotonic()
        if scenario.name in self.excluded:
            status, detail = "excluded", self.excluded[scenario.name]
        else:
            detail = _one(scenario, self.command, self.contract, self.judge, self.node, self.patience)
            status = "failed" if detail else "passed"
        seconds = round(time.monotonic() - started, 1)
        outcome = Outcome(self.transport, scenario.name, scenario.rule, status, seconds, detail)
        self.outcomes.append(outcome)
        print(report.line(outcome), flush=True)


def _one(
    scenario: Scenario, command: list[str], contract: Contract, judge: Judge, node: Node | None, patience: float
) -> str:
    """Why the scenario failed; empty when it passed."""
    with tempfile.TemporaryDirectory(prefix="tasker-conformance-") as folder:
        common = (scenario, command, contract, judge, Path(folder))
        bench: Bench = StdioBench(*common) if node is None else AmqpBench(node, *common)
        bench.patience = patience
        number = 0
        try:
            for number, operation in enumerate(scenario.operations, 1):  # noqa: B007
                bench.perform(operation)
            number = 0
            bench.finish()
        except ScenarioFailed as failed:
            where = f"operation {number} ({scenario.operations[number - 1]['do']}): " if number else ""
            last = "".join(f"\n{name}: {text}" for name, text in _last_words(bench))
            return f"{where}{failed}{last}"
        finally:
            if node is not None and any(one["do"] == "block_broker" for one in scenario.operations):
                node.unblock()
            bench.close()
    return ""


def _last_words(bench: Bench) -> list[tuple[str, str]]:
    found = [(name, line) for name, worker in bench.workers.items() for line in worker.stderr.splitlines()[-4:]]
    return [(f"stderr of {name}", line[:300]) for name, line in found]


def _exclusions(language: str | None, transport: str) -> dict[str, str]:
    entries = json.loads((FOLDER / "exclusions.json").read_text(encoding="utf-8"))
    return {
        entry["scenario"]: entry["reason"]
        for entry in entries
        if entry["language"] == language and transport in entry["transports"]
    }

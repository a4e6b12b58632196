"""Handlers, scenarios and exclusions of `conformance/`: their form, and what refers to what."""

from __future__ import annotations

import sys
from typing import Any

from checking.files import ROOT, load
from checking.report import Report
from checking.schemas import Schemas

FOLDER = ROOT / "conformance"
sys.path.append(str(FOLDER))

from runner import dispatches, scenarios  # noqa: E402


def check_handlers(report: Report, schemas: Schemas) -> None:
    """The base and every case are messages that a conforming orchestrator could have sent."""
    document = load(FOLDER / "handlers.json")
    fault = schemas.fault("sent/step.execute.schema.json", document["base"])
    report.check(fault is None, "handlers.json: base", fault or "")
    names = [handler["callable"] for handler in document["handlers"]]
    report.check(len(set(names)) == len(names), "handlers.json: names", "one occurs twice")
    needed = {"callable", "kind", "does", "reads", "returns", "cases"}
    contract = dispatches.Contract()
    for handler in document["handlers"]:
        where = f"handlers.json: {handler.get('callable')}"
        if not report.check(set(handler) == needed, f"{where}: form", f"members {sorted(handler)}"):
            continue
        titles = [case["description"] for case in handler["cases"]]
        report.check(len(set(titles)) == len(titles), f"{where}: cases", "a description occurs twice")
        for case in handler["cases"]:
            place = f"{where}: {case['description']}"
            report.check(set(case) == {"description", "execute", "result"}, f"{place}: form", f"members {sorted(case)}")
            message = contract.dispatch("a", handler["callable"], case["execute"], lambda text: text).message
            fault = schemas.fault("step.execute.schema.json", message)
            report.check(fault is None, place, fault or "")
            _check_pattern(report, case["result"], place)


def check_scenarios(report: Report) -> None:
    """Form, names, and that scenarios use only what exists."""
    known = set(dispatches.Contract().handlers)
    seen: dict[str, tuple[str, ...]] = {}
    for path in sorted((FOLDER / "scenarios").glob("*.json")):
        document = load(path)
        faults = list(scenarios.faults(document))
        if not report.check(not faults, f"scenarios/{path.name}: form", "; ".join(faults)):
            continue
        for one in document["scenarios"]:
            where = f"scenarios/{path.name}: {one['name']}"
            report.check(one["name"] not in seen, f"{where}: name", "it occurs twice")
            seen[one["name"]] = tuple(one["transports"])
            _check_references(report, one["operations"], known, where)
    for name in known:
        used = any(f'"{name}"' in path.read_text(encoding="utf-8") for path in (FOLDER / "scenarios").glob("*.json"))
        report.check(used, f"handlers.json: {name}", "no scenario uses it")
    for entry in load(FOLDER / "exclusions.json"):
        where = f"exclusions.json: {entry.get('scenario')}"
        form = set(entry) == {"language", "transports", "scenario", "reason"} and bool(entry.get("reason"))
        if report.check(form, f"{where}: form", f"members {sorted(entry)}"):
            report.check(set(entry["transports"]) <= set(seen.get(entry["scenario"], ())), where, "no such scenario")


def _check_references(report: Report, operations: list[dict[str, Any]], known: set[str], where: str) -> None:
    """A dispatch, a worker or a handler is named before it is used."""
    named: set[str] = set()
    workers: set[str] = set()
    for number, operation in enumerate(operations, 1):
        place = f"{where}: operation {number}"
        handlers = [operation["handler"]] if "handler" in operation else operation.get("handlers", [])
        strangers = [name for name in handlers if name not in known and not name.endswith("no_such_handler")]
        report.check(not strangers, place, f"unknown handlers {strangers}")
        used = [operation[key] for key in ("of", "message", "same_step_as") if key in operation]
        report.check(set(used) <= named, place, f"{used} is used before it is sent")
        if operation["do"] == "start_worker":
            workers.add(operation.get("as", "worker"))
        elif operation["do"] in ("stop_worker", "signal", "expect_exit", "expect_stderr", "close_input"):
            report.check(operation.get("worker", "worker") in workers, place, "the worker has not been started")
        elif "as" in operation:
            named.add(operation["as"])
        for key in scenarios.PATTERNS:
            if key in operation:
                _check_pattern(report, operation[key], place)


def _check_pattern(report: Report, pattern: Any, where: str) -> None:
    faults = list(scenarios.pattern_faults(pattern))
    report.check(not faults, f"{where}: pattern", "; ".join(faults))

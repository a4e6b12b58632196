"""The vectors that are not messages, judged by implementations of their own."""

from __future__ import annotations

import datetime
import json
import re
from typing import Any

from checking import backoff, strict_json
from checking.files import ROOT, load, text_bytes, vectors
from checking.report import Report
from checking.schemas import Schemas

QUEUE = re.compile(r"[A-Za-z0-9_.:@/#-]{1,128}")
PREFIX = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?Z")
_TRACE = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_EPOCH = datetime.datetime(1970, 1, 1)
_MILLISECOND = datetime.timedelta(milliseconds=1)


def check_form(report: Report) -> None:
    """Every vector file has the form that `vectors/README.md` describes."""
    allowed = {"description", "data", "valid", "sendable", "expected", "may_accept", "reason"}
    for path in sorted((ROOT / "vectors").rglob("*.json")):
        name = path.relative_to(ROOT / "vectors").as_posix()
        groups = load(path)
        titles = [group["description"] for group in groups]
        report.check(len(set(titles)) == len(titles), f"{name}: titles of groups", "one occurs twice")
        for group in groups:
            known = set(group) <= {"description", "schema", "subject", "tests"}
            report.check(
                known and bool(group["tests"]), f"{name}: {group['description']}: form", f"members {sorted(group)}"
            )
            titles = [test["description"] for test in group["tests"]]
            report.check(len(set(titles)) == len(titles), f"{name}: {group['description']}: titles", "one occurs twice")
            for test in group["tests"]:
                ok = {"description", "data"} <= set(test) <= allowed
                report.check(ok, f"{name}: {test.get('description')}: form", f"members {sorted(test)}")


def check_json(report: Report) -> None:
    """Verdicts on raw texts, and texts whose values survive reading and writing."""
    for vector in vectors("invalid-json.json"):
        reason = None
        try:
            strict_json.read(text_bytes(vector.data))
        except strict_json.RefusedError as refused:
            reason = str(refused)
        report.equal(vector.test["valid"], reason is None, vector.where)
        report.equal(vector.test.get("reason"), reason, f"{vector.where}: reason")
        report.check(vector.test["may_accept"] or not vector.test["valid"], f"{vector.where}: may_accept")
        if not vector.test["may_accept"]:
            try:
                json.loads(text_bytes(vector.data).decode("utf-8"), parse_constant=_refuse)
                accepted = True
            except (ValueError, RecursionError):
                accepted = False
            report.check(not accepted, f"{vector.where}: may_accept", "a common library accepts it")
    for vector in vectors("round-trips.json"):
        try:
            value = strict_json.read(text_bytes(vector.data))
            written = json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
            report.check(strict_json.same(value, strict_json.read(written)), vector.where, "it does not survive")
        except strict_json.RefusedError as refused:
            report.check(False, vector.where, str(refused))


def _refuse(name: str) -> Any:
    raise ValueError(name)


def check_names(report: Report) -> None:
    """Queues, prefixes and the full names made of them."""
    for vector in vectors("queue-names.json"):
        subject, test = vector.group["subject"], vector.test
        if subject == "names":
            prefix = vector.data["prefix"]
            names = {name: f"{prefix}.{name}" for name in ("requests", "workers", "control", "events", "dead")}
            names["steps"] = f"{prefix}.steps.{vector.data['queue']}"
            names["results"] = f"{prefix}.results.{vector.data['partition']}"
            report.equal(test["expected"], names, vector.where)
            continue
        pattern = QUEUE if subject == "queue" else PREFIX
        report.equal(test["valid"], pattern.fullmatch(vector.data) is not None, vector.where)
        if "expected" in test:
            report.equal(test["expected"], f"tasker.steps.{vector.data}", f"{vector.where}: full name")


def check_traces(report: Report) -> None:
    """W3C Trace Context, section 3.2."""
    for vector in vectors("traceparent.json"):
        report.equal(vector.test.get("expected"), _trace(vector.data), vector.where)
        report.equal(vector.test["valid"], "expected" in vector.test, f"{vector.where}: verdict")


def _trace(header: str) -> dict[str, Any] | None:
    match = _TRACE.fullmatch(header)
    if match is None or match[1] == "ff" or (match[1] == "00" and match[5]):
        return None
    if not match[2].strip("0") or not match[3].strip("0"):
        return None
    return {"trace_id": match[2], "parent_id": match[3], "sampled": bool(int(match[4], 16) & 1)}


def check_times(report: Report) -> None:
    """Times as they are read and as they are written."""
    for vector in vectors("timestamps.json"):
        if vector.group["subject"] == "write":
            moment = _EPOCH + vector.data * _MILLISECOND
            report.equal(vector.test["expected"], f"{moment.isoformat(timespec='milliseconds')}Z", vector.where)
            report.equal(vector.data, _milliseconds(vector.test["expected"]), f"{vector.where}: read again")
        else:
            report.equal(vector.test.get("expected"), _milliseconds(vector.data), vector.where)
            report.equal(vector.test["valid"], "expected" in vector.test, f"{vector.where}: verdict")


def _milliseconds(text: str) -> int | None:
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    try:
        moment = datetime.datetime.fromisoformat(match[1])
    except ValueError:
        return None
    return (moment - _EPOCH) // _MILLISECOND + int((match[2] or "").ljust(3, "0")[:3])


def check_versions(report: Report, schemas: Schemas) -> None:
    """Versions of the protocol, by the schema that all messages share."""
    message = {"kind": "worker.bye", "worker": {"id": "w"}}
    for vector in vectors("versions.json"):
        fault = schemas.fault("worker.bye.schema.json", {**message, **vector.data})
        report.equal(vector.test["valid"], fault is None, vector.where)


def check_delays(report: Report) -> None:
    """Back-off, by an implementation written from the prose, which must itself give the published values."""
    for (seed, failure), expected in backoff.PUBLISHED.items():
        data = {"strategy": "exponential", "base_ms": 1000, "max_ms": 30000, "jitter": 0.15,
                "step_uuid": backoff.PUBLISHED_STEP, "failure": failure, "jitter_seed": seed}  # fmt: skip
        report.equal(expected, backoff.delay(data), f"published delay: seed {seed}, failure {failure}")
    for vector in vectors("back-off.json"):
        computed: dict[str, int | None] = (
            {"delay_ms": backoff.requested(vector.data)}
            if (vector.group["subject"] == "retry_after")
            else {"capped_ms": backoff.capped(vector.data), "delay_ms": backoff.delay(vector.data)}
        )
        report.equal(vector.test["expected"], computed, vector.where)

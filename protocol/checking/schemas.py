"""The JSON Schemas: sound by themselves, and judging the message vectors as these say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped, unused-ignore]
from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped, unused-ignore]
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from checking.files import ROOT, load, vectors
from checking.report import Report

BASE = "https://tasker.example/protocol/v1/"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEMAS = ROOT / "schemas"


class Schemas:
    """All schemas of `schemas/`, by their path below it."""

    def __init__(self) -> None:
        self.by_path: dict[str, dict[str, Any]] = {
            path.relative_to(SCHEMAS).as_posix(): load(path) for path in sorted(SCHEMAS.rglob("*.schema.json"))
        }
        self.registry: Registry[Any] = Registry().with_resources(
            (BASE + path, Resource.from_contents(schema, default_specification=DRAFT202012))
            for path, schema in self.by_path.items()
        )

    @property
    def kinds(self) -> list[str]:
        """The kinds of messages, each of which has a schema for readers and one for senders."""
        return [path.removesuffix(".schema.json") for path in self.by_path if "/" not in path and "common" not in path]

    def fault(self, path: str, value: Any) -> str | None:
        """Why the value breaks the schema of that path, None when it does not."""
        validator = Draft202012Validator({"$ref": BASE + path}, registry=self.registry)
        error = next(validator.iter_errors(value), None)
        return None if error is None else f"{error.json_path}: {error.message[:200]}"


def check_schemas(report: Report, schemas: Schemas) -> None:
    """Dialect, identity, soundness and references of every schema; both forms and vectors for every kind."""
    for path, schema in schemas.by_path.items():
        where = f"schemas/{path}"
        report.equal(DIALECT, schema.get("$schema"), f"{where}: $schema")
        report.equal(BASE + path, schema.get("$id"), f"{where}: $id")
        try:
            Draft202012Validator.check_schema(schema)
            fault = ""
        except SchemaError as error:
            fault = error.message
        report.check(not fault, f"{where}: metaschema", fault)
        resolver = schemas.registry.resolver(BASE + path)
        for keyword, value in _keywords(schema):
            if keyword == "$ref":
                try:
                    resolver.lookup(value)
                    found = True
                except Unresolvable:
                    found = False
                report.check(found, f"{where}: $ref {value}", "there is no such schema")
            elif keyword == "pattern":
                report.check(
                    _is_portable(value), f"{where}: pattern {value}", "use only what ECMA-262 and Python share"
                )
    for kind in schemas.kinds:
        report.check(f"sent/{kind}.schema.json" in schemas.by_path, f"schemas/sent: {kind}", "missing")
        report.check((ROOT / "vectors" / "messages" / f"{kind}.json").is_file(), f"vectors/messages: {kind}", "missing")


def check_messages(report: Report, schemas: Schemas) -> None:
    """Every message vector is judged by the schema as it says."""
    for path in sorted((ROOT / "vectors" / "messages").glob("*.json")):
        for vector in vectors(f"messages/{path.name}"):
            kind = path.stem
            report.equal(f"{kind}.schema.json", vector.group["schema"], f"{vector.where}: schema")
            _judge(report, schemas, vector.group["schema"], vector.data, vector.test["valid"], vector.where)
            sent = f"sent/{vector.group['schema']}"
            _judge(report, schemas, sent, vector.data, vector.test["sendable"], f"{vector.where} (sendable)")


def _judge(report: Report, schemas: Schemas, path: str, data: Any, valid: bool, where: str) -> None:
    fault = schemas.fault(path, data)
    report.check((fault is None) == valid, where, fault or "it should have been refused")


def _keywords(schema: Any) -> Iterator[tuple[str, str]]:
    if isinstance(schema, dict):
        for name, value in schema.items():
            if name in ("$ref", "pattern") and isinstance(value, str):
                yield name, value
            yield from _keywords(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _keywords(item)


def _is_portable(pattern: str) -> bool:
    # In Python `$` also matches before a final line feed, and \d, \w, \s have other members than in ECMA-262.
    try:
        re.compile(pattern)
    except re.error:
        return False
    return not pattern.endswith("$") and not re.search(r"\\[dwDW]", pattern)


def schema_path(reference: str, start: Path) -> str | None:
    """The path below `schemas/` of a relative reference in a file of `start`, None when it leads elsewhere."""
    target = (start / reference).resolve()
    return target.relative_to(SCHEMAS).as_posix() if target.is_relative_to(SCHEMAS) and target.is_file() else None

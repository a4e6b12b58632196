"""The examples in the prose and in the AsyncAPI document: each validates as something a conforming sender wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from checking.files import ROOT
from checking.report import Report
from checking.schemas import Schemas, schema_path

_FENCE = re.compile(r"^```(\S*) ?(.*)$")
_LINK = re.compile(r"\[[^\]]+\]\(([^)#\s]+)?(#[^)\s]+)?\)")


@dataclass(frozen=True)
class Block:
    """A fenced block of a Markdown file."""

    where: str
    language: str
    info: list[str]
    body: str


def blocks(path: Path) -> Iterator[Block]:
    """The fenced blocks of one file."""
    language, info, start = None, "", 0
    lines: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = _FENCE.match(line)
        if language is None and match:
            language, info, start, lines = match[1], match[2], number, []
        elif language is not None and line == "```":
            yield Block(f"{path.name}:{start}", language, info.split(), "\n".join(lines))
            language = None
        elif language is not None:
            lines.append(line)


def check_prose(report: Report, schemas: Schemas) -> None:
    """Examples of all Markdown files; every kind has one in `wire-protocol.md`; links lead somewhere."""
    shown = set()
    for path in sorted(ROOT.rglob("*.md")):
        for block in blocks(path):
            if block.language == "json":
                shown |= _check_example(report, schemas, block)
        _check_links(report, path)
    for kind in schemas.kinds:
        report.check(kind in shown, f"wire-protocol.md: {kind}", "there is no example of it")


def _check_example(report: Report, schemas: Schemas, block: Block) -> set[str]:
    try:
        value = json.loads(block.body)
    except ValueError as error:
        report.check(False, block.where, f"not JSON: {error}")
        return set()
    tags = [tag for tag in block.info if "=" not in tag]
    if not report.check(len(tags) == 1, block.where, "tag the block with the kind, or with `fragment`"):
        return set()
    for tag in block.info:
        if tag.startswith("bytes="):
            report.equal(int(tag.removeprefix("bytes=")), len(block.body.encode("utf-8")), f"{block.where}: size")
    if tags[0] == "fragment":
        report.check(True, block.where)
        return set()
    fault = schemas.fault(f"sent/{tags[0]}.schema.json", value) if tags[0] in schemas.kinds else "unknown kind"
    report.check(fault is None, f"{block.where} ({tags[0]})", fault or "")
    return {tags[0]}


def _check_links(report: Report, path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target, anchor in _LINK.findall(text):
        if "://" in target:
            continue
        file = (path.parent / target).resolve() if target else path
        ok = file.exists()
        if ok and anchor and file.suffix == ".md":
            ok = anchor[1:] in {
                _slug(line) for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("#")
            }
        report.check(ok, f"{path.name}: link {target}{anchor}", "it leads nowhere")


def _slug(heading: str) -> str:
    words = heading.lstrip("#").strip().lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def check_asyncapi(report: Report, schemas: Schemas) -> None:
    """References resolve, payloads are our schemas, examples validate, every kind occurs in an operation."""
    path = ROOT / "asyncapi.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    report.equal("3.0.0", document.get("asyncapi"), "asyncapi.yaml: version")
    for reference in _references(document):
        if reference.startswith("#"):
            report.check(_resolve(document, reference) is not None, f"asyncapi.yaml: {reference}", "it leads nowhere")
        else:
            report.check(
                schema_path(reference, path.parent) is not None, f"asyncapi.yaml: {reference}", "no such schema"
            )
    for name, message in document["components"]["messages"].items():
        where = f"asyncapi.yaml: {name}"
        report.equal(f"tasker.{name}.v1", message["name"], f"{where}: name")
        report.equal(f"./schemas/{name}.schema.json", message["payload"]["schema"]["$ref"], f"{where}: payload")
        report.check(bool(message.get("examples")), where, "there is no example")
        for example in message.get("examples", []):
            fault = schemas.fault(f"sent/{name}.schema.json", example["payload"])
            report.check(fault is None, f"{where}: example {example.get('name')}", fault or "")
    report.equal(set(schemas.kinds), set(document["components"]["messages"]), "asyncapi.yaml: messages")
    used = set()
    for name, operation in document["operations"].items():
        channel = operation["channel"]["$ref"]
        for message in [*operation["messages"], *operation.get("reply", {}).get("messages", [])]:
            ok = "/messages/" in message["$ref"]
            report.check(ok, f"asyncapi.yaml: {name}: {message['$ref']}", "it must lead into a channel")
            used.add(message["$ref"].rsplit("/", 1)[-1])
        inside = all(message["$ref"].startswith(f"{channel}/messages/") for message in operation["messages"])
        report.check(inside, f"asyncapi.yaml: {name}", "a message is not one of its channel")
    report.equal(set(schemas.kinds), used, "asyncapi.yaml: messages of operations")


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            if name == "$ref":
                yield member
            elif name != "payload" or "schema" in (member if isinstance(member, dict) else {}):
                yield from _references(member)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _resolve(document: Any, reference: str) -> Any:
    for part in reference.removeprefix("#/").split("/"):
        if not isinstance(document, dict) or part not in document:
            return None
        document = document[part]
    return document

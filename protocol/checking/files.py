"""Reading the vector files, and the texts that they describe."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Vector:
    """One test of a vector file."""

    where: str
    group: dict[str, Any]
    test: dict[str, Any]

    @property
    def data(self) -> Any:
        return self.test["data"]


def load(path: Path) -> Any:
    """One JSON file of the repository."""
    return json.loads(path.read_text(encoding="utf-8"))


def vectors(name: str) -> Iterator[Vector]:
    """The tests of `vectors/<name>` in order."""
    for group in load(ROOT / "vectors" / name):
        for test in group["tests"]:
            yield Vector(f"{name}: {group['description']}: {test['description']}", group, test)


def text_bytes(data: dict[str, Any]) -> bytes:
    """The JSON text of `{"text"}`, `{"base64"}` or `{"parts": [{"text", "times"}]}` as it goes over the wire."""
    if "text" in data:
        return str(data["text"]).encode("utf-8")
    if "base64" in data:
        return base64.b64decode(data["base64"], validate=True)
    return b"".join(part["text"].encode("utf-8") * part["times"] for part in data["parts"])

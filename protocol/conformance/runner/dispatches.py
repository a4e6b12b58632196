"""`step.execute` messages made of the base in `handlers.json`."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent


@dataclass
class Dispatch:
    """One message to a worker; `body` is what was sent last."""

    name: str
    message: dict[str, Any]
    #: False when the answer cannot carry the ids, since the message could not be used.
    has_ids: bool = True
    body: bytes = b""

    @property
    def id(self) -> str:
        return str(self.message["dispatch_id"])

    def write(self, reply_to: str, append: str | None) -> None:
        """`append` stands before the last brace: what no JSON library writes, such as a member twice."""
        self.message["reply_to"] = reply_to
        self.body = json.dumps(self.message, ensure_ascii=False).encode()
        if append is not None:
            self.body = self.body[:-1] + append.encode() + b"}"


class Contract:
    """`handlers.json`."""

    def __init__(self) -> None:
        document = json.loads((FOLDER / "handlers.json").read_text(encoding="utf-8"))
        self.base: dict[str, Any] = document["base"]
        self.handlers: dict[str, dict[str, Any]] = {handler["callable"]: handler for handler in document["handlers"]}

    def dispatch(
        self,
        name: str,
        handler: str | None,
        execute: dict[str, Any],
        resolve: Callable[[str], str],
        same_step_as: Dispatch | None = None,
    ) -> Dispatch:
        """A message with fresh ids; `resolve` replaces placeholders such as `{file:gate}`."""
        message = copy.deepcopy(self.base)
        message["dispatch_id"] = str(uuid.uuid4())
        same = None if same_step_as is None else same_step_as.message
        for member, key in (("task", "uuid"), ("task", "correlation_id"), ("step", "uuid")):
            message[member][key] = str(uuid.uuid4()) if same is None else same[member][key]
        if handler is not None:
            message["handler"]["callable"] = handler
        return Dispatch(name, laid_over(message, expanded(execute, resolve)))


def laid_over(below: Any, above: Any) -> Any:
    """Objects are merged member by member, anything else replaces what was there."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return {**below, **{key: laid_over(below.get(key), value) for key, value in above.items()}}


def expanded(value: Any, resolve: Callable[[str], str]) -> Any:
    """Placeholders in texts replaced, `$repeat` written out."""
    if isinstance(value, dict):
        if set(value) == {"$repeat"}:
            return value["$repeat"]["text"] * value["$repeat"]["times"]
        return {key: expanded(inner, resolve) for key, inner in value.items()}
    if isinstance(value, list):
        return [expanded(inner, resolve) for inner in value]
    return resolve(value) if isinstance(value, str) else value

"""JSON as the wire wants it: exact integers of 64 bits, no NaN, no lone surrogates, no U+0000.

The standard library's C encoder and decoder do the work; what they let through is caught by a cheap scan of the
produced text, and only a hit pays for a walk over the value.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
import uuid
from enum import Enum
from typing import Any

from pydantic import BaseModel

_INT64_MIN = -(2**63)
_INT64_MAX = 2**63 - 1
_LONG_NUMBER = re.compile(r"[0-9]{19}")
_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class NotSerializable(Exception):
    """A value has no representation on the wire; the message names the place and the reason."""


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)


def decode(body: bytes) -> Any:
    """Read one JSON text. Raises ``ValueError`` with a short reason when it is none."""
    try:
        return _decoder.decode(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8: {error.reason} at byte {error.start}") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at character {error.pos}") from None


def _convert(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__module__}.{type(value).__qualname__}")


_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_convert)


def encode(value: Any, levels: int | None = None) -> str:
    """Write a value as compact JSON text that is valid on the wire.

    Pydantic models, dataclasses, UUIDs, dates and enums are converted. Raises :class:`NotSerializable` for everything
    JSON or the protocol has no form for, and for arrays and objects that nest deeper than ``levels``.
    """
    try:
        text = _encoder.encode(value)
        text.encode("utf-8")
    except (TypeError, ValueError, RecursionError, AttributeError) as error:
        raise NotSerializable(_explain(value, error)) from None
    if _LONG_NUMBER.search(text) is not None or "\\u0000" in text:
        _check_text(value, text)
    # A text with few brackets cannot be deep, and most have few.
    if levels is not None and text.count("[") + text.count("{") > levels and _depth(json.loads(text)) > levels:
        raise NotSerializable(f"arrays and objects nest deeper than {levels} levels: flatten the value")
    return text


def _depth(value: Any) -> int:
    """How many arrays and objects stand one in the other."""
    level, members = 0, [value]
    while containers := [member for member in members if isinstance(member, dict | list)]:
        level += 1
        members = [inner for one in containers for inner in (one.values() if isinstance(one, dict) else one)]
    return level


def _check_text(value: Any, text: str) -> None:
    if _ESCAPED_NUL.search(text) is not None:
        raise NotSerializable("a string contains U+0000, which the wire does not carry: remove it")
    # Custom types have been converted in the text only, so the walk is over what a reader would see.
    place = _find_large_integer(json.loads(text), "$")
    if place is not None:
        raise NotSerializable(f"the integer at {place} does not fit into 64 bits: send it as a string")


def _find_large_integer(value: Any, place: str) -> str | None:
    if isinstance(value, int):
        return None if _INT64_MIN <= value <= _INT64_MAX else place
    if isinstance(value, dict):
        items: Any = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        return None
    for key, member in items:
        found = _find_large_integer(member, f"{place}[{key!r}]")
        if found is not None:
            return found
    return None


def _explain(value: Any, error: Exception) -> str:
    if isinstance(error, RecursionError) or "Circular reference" in str(error):
        return "the value refers to itself or is nested too deeply"
    place = _find_unusable(value, "$", 0)
    if place is not None:
        return place
    return f"not JSON: {error}"


def _find_unusable(value: Any, place: str, depth: int) -> str | None:
    """The first member that JSON has no form for, to name it in the error."""
    if depth > 200:
        return None
    if isinstance(value, BaseModel):
        try:
            value = value.model_dump(mode="json", by_alias=True)
        except Exception as error:
            return f"the model at {place} cannot be dumped: {type(error).__name__}"
    if isinstance(value, dict):
        for key, member in value.items():
            if not isinstance(key, str | int | float | bool | None):
                return f"a key at {place} is of type {type(key).__name__}: keys must be strings"
            found = _find_unusable(member, f"{place}[{key!r}]", depth + 1)
            if found is not None:
                return found
        return None
    if isinstance(value, list | tuple):
        for index, member in enumerate(value):
            found = _find_unusable(member, f"{place}[{index}]", depth + 1)
            if found is not None:
                return found
        return None
    try:
        _encoder.encode(value).encode("utf-8")
    except UnicodeEncodeError:
        return f"the string at {place} contains a lone surrogate"
    except ValueError:
        return f"{value!r} at {place} is not a JSON number"
    except TypeError:
        return f"{type(value).__name__} at {place} has no JSON form: convert it to str, int, float, list or dict"
    return None


def safe_text(text: str, max_bytes: int | None = None) -> str:
    """Text that can always be sent: no lone surrogates, no U+0000, cut at a character boundary."""
    raw = text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace")
    if max_bytes is not None and len(raw) > max_bytes:
        raw = raw[:max_bytes]
    return raw.decode("utf-8", "ignore")

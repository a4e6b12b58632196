"""A strict JSON reader, written from RFC 8259 and section 3 of the prose, to judge the vectors independently of any
library. Speed is of no concern."""

from __future__ import annotations

import math
import re
from typing import Any

MAX_DEPTH = 64
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_LITERALS = {"t": ("true", True), "f": ("false", False), "n": ("null", None)}
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class RefusedError(Exception):
    """The text is no acceptable JSON; the argument is the `reason` of the vectors."""


def read(body: bytes) -> Any:
    """The value of one JSON text. Raises :class:`RefusedError`."""
    if body.startswith(b"\xef\xbb\xbf"):
        raise RefusedError("byte_order_mark")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise RefusedError("bad_utf8") from None
    reader = _Reader(text)
    reader.space()
    if reader.at_end:
        raise RefusedError("empty")
    value = reader.value(0)
    reader.space()
    if not reader.at_end:
        raise RefusedError("trailing_bytes")
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    @property
    def at_end(self) -> bool:
        return self.position == len(self.text)

    def space(self) -> None:
        while not self.at_end and self.text[self.position] in " \t\n\r":
            self.position += 1

    def peek(self) -> str:
        if self.at_end:
            raise RefusedError("truncated")
        return self.text[self.position]

    def take(self) -> str:
        character = self.peek()
        self.position += 1
        return character

    def value(self, depth: int) -> Any:
        lead = self.peek()
        if lead in "{[":
            if depth == MAX_DEPTH:
                raise RefusedError("too_deep")
            return self.object(depth + 1) if lead == "{" else self.array(depth + 1)
        if lead == '"':
            return self.string()
        if lead in _LITERALS:
            return self.literal(*_LITERALS[lead])
        return self.number()

    def literal(self, word: str, value: Any) -> Any:
        rest = self.text[self.position : self.position + len(word)]
        if rest != word:
            raise RefusedError(
                "truncated"
                if word.startswith(rest) and len(self.text) < self.position + len(word)
                else "unexpected_character"
            )
        self.position += len(word)
        return value

    def number(self) -> int | float:
        start = self.position
        match = _NUMBER.match(self.text, start)
        if match is None:
            raise RefusedError("bad_number" if self.text[start] == "-" else "unexpected_character")
        following = self.text[match.end() : match.end() + 1]
        if following in (".", "e", "E", *"0123456789") and following:
            raise RefusedError("bad_number")
        self.position = match.end()
        if match.group(2) is None and match.group(3) is None:
            integer = int(match.group()) if len(match.group()) <= 20 else 2**64
            if not -(2**63) <= integer < 2**63:
                raise RefusedError("number_out_of_range")
            return integer
        double = float(match.group())
        if not math.isfinite(double):
            raise RefusedError("number_out_of_range")
        return double

    def array(self, depth: int) -> list[Any]:
        items: list[Any] = []
        self.position += 1
        self.space()
        if self.peek() == "]":
            self.position += 1
            return items
        while True:
            self.space()
            items.append(self.value(depth))
            self.space()
            separator = self.take()
            if separator == "]":
                return items
            if separator != ",":
                raise RefusedError("unexpected_character")

    def object(self, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        self.position += 1
        self.space()
        if self.peek() == "}":
            self.position += 1
            return members
        while True:
            self.space()
            if self.peek() != '"':
                raise RefusedError("unexpected_character")
            name = self.string()
            self.space()
            if self.take() != ":":
                raise RefusedError("unexpected_character")
            self.space()
            if name in members:
                raise RefusedError("duplicate_member")
            members[name] = self.value(depth)
            self.space()
            separator = self.take()
            if separator == "}":
                return members
            if separator != ",":
                raise RefusedError("unexpected_character")

    def string(self) -> str:
        self.position += 1
        pieces: list[str] = []
        while True:
            character = self.take()
            if character == '"':
                return "".join(pieces)
            if character < " ":
                raise RefusedError("control_character")
            pieces.append(self.escape() if character == "\\" else character)

    def escape(self) -> str:
        character = self.take()
        if character != "u":
            if character not in _ESCAPES:
                raise RefusedError("bad_escape")
            return _ESCAPES[character]
        unit = self.code_unit()
        if unit == 0:
            raise RefusedError("null_character")
        if 0xDC00 <= unit <= 0xDFFF:
            raise RefusedError("lone_surrogate")
        if not 0xD800 <= unit <= 0xDBFF:
            return chr(unit)
        if self.text[self.position : self.position + 2] != "\\u":
            raise RefusedError("lone_surrogate")
        self.position += 2
        second = self.code_unit()
        if not 0xDC00 <= second <= 0xDFFF:
            raise RefusedError("lone_surrogate")
        return chr(0x10000 + ((unit - 0xD800) << 10) + second - 0xDC00)

    def code_unit(self) -> int:
        unit = 0
        for _ in range(4):
            digit = self.take()
            if digit not in "0123456789abcdefABCDEF":
                raise RefusedError("bad_escape")
            unit = unit * 16 + int(digit, 16)
        return unit


def same(left: Any, right: Any) -> bool:
    """Equality of the wire: integers exactly, an integer and a double as doubles, strings code point by code point."""
    if isinstance(left, bool) or isinstance(right, bool) or left is None or right is None:
        return left is right
    if isinstance(left, int) and isinstance(right, int):
        return left == right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return float(left) == float(right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    return isinstance(left, str) and isinstance(right, str) and left == right

"""What may be sent, and how it is refused otherwise."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from tasker_core.wire.codec import NotSerializable, decode, encode, safe_text


class Cart(BaseModel):
    id: int
    paid: datetime.date


class Colour(Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int


def test_models_and_common_types_are_converted() -> None:
    value = {
        "cart": Cart(id=1, paid=datetime.date(2026, 1, 2)),
        "uuid": uuid.UUID(int=1),
        "at": datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc),
        "colour": Colour.RED,
        "point": Point(3),
    }
    assert decode(encode(value).encode()) == {
        "cart": {"id": 1, "paid": "2026-01-02"},
        "uuid": "00000000-0000-0000-0000-000000000001",
        "at": "2026-01-02T00:00:00+00:00",
        "colour": "red",
        "point": {"x": 3},
    }


def cyclic() -> Any:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"rows": [1, {"price": float("nan")}]}, "$['rows'][1]['price']"),
        ({"a": float("-inf")}, "not a JSON number"),
        ({"a": Decimal("1.5")}, "Decimal at $['a']"),
        ({"a": {1, 2}}, "set at $['a']"),
        ({"a": object()}, "object at $['a']"),
        ({"a": b"bytes"}, "bytes at $['a']"),
        ({("a", 1): 1}, "a key at $ is of type tuple"),
        ({"a": "\ud800"}, "lone surrogate"),
        ({"a": "x\x00y"}, "U+0000"),
        ({"a\x00": 1}, "U+0000"),
        ({"ids": [2**63]}, "$['ids'][0]"),
        ({"ids": -(2**63) - 1}, "64 bits"),
        (cyclic(), "refers to itself"),
    ],
)
def test_the_refusal_names_the_place(value: Any, told: str) -> None:
    with pytest.raises(NotSerializable) as refused:
        encode(value)
    assert told in str(refused.value)


def test_what_only_looks_dangerous_is_sent() -> None:
    value = {
        "backslash": "\\u0000",
        "digits": "99999999999999999999",
        "big": 2**63 - 1,
        "small": -(2**63),
        "tiny": 1e-300,
        "huge": 1e300,
    }
    assert decode(encode(value).encode()) == value


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(blacklist_characters="\x00", blacklist_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('abcé\\"u0', max_size=6), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_every_json_value_comes_back_the_same(value: Any) -> None:
    assert decode(encode(value).encode()) == value


@given(st.text())
def test_safe_text_can_always_be_sent(text: str) -> None:
    encode(safe_text(text))
    assert len(safe_text(text, 7).encode()) <= 7


def test_safe_text_cuts_at_a_character() -> None:
    assert safe_text("aé", 2) == "a"

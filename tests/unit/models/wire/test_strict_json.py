"""JSON that strangers wrote: exact, bounded, every refusal named."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reasons import Reason
from models.wire.strict_json import (
    DEPTH_MAX,
    Body,
    Instant,
    Refusal,
    WireModel,
    read_key,
    read_object,
    validate,
)

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)
objects = st.dictionaries(st.text(max_size=4), values, max_size=4)


@given(objects, st.sampled_from([(",", ":"), (", ", ": "), (",", " :")]))
def test_the_fingerprint_is_of_the_content_and_not_of_its_form(
    value: dict[str, Any], separators: tuple[str, str]
) -> None:
    one = read_object(json.dumps(value).encode())
    turned = json.dumps(dict(reversed(value.items())), separators=separators, ensure_ascii=False).encode()

    assert isinstance(one, Body)
    assert read_object(turned) == one


@given(objects, objects)
def test_fingerprints_are_equal_only_for_equal_content(value: dict[str, Any], other: dict[str, Any]) -> None:
    one, two = read_object(json.dumps(value).encode()), read_object(json.dumps(other).encode())

    assert isinstance(one, Body)
    assert isinstance(two, Body)
    assert (one.fingerprint == two.fingerprint) is (
        json.dumps(value, sort_keys=True) == json.dumps(other, sort_keys=True)
    )


@pytest.mark.parametrize(
    ("value", "twice"),
    [
        (b'{"a":1,"a":1}', True),
        (b'{"a" : 1, "a" : 2}', True),
        (b'{"x":{"a":1,"a":2}}', True),
        (b'{"x":[{"a":1},{"a":2}]}', False),
        (b'{"a":"\\":","b":1}', False),
        (b'{"a":"\\":","a":1}', True),
    ],
)
def test_a_key_that_stands_twice_is_refused(value: bytes, twice: bool) -> None:
    read = read_object(value)

    assert (isinstance(read, Refusal) and read.reason is Reason.BAD_EVENT) is twice


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        (b"H1/E1", ("H1", "E1")),
        (b"H1/E/1", ("H1", "E/1")),
        (b"H1", None),
        (b"/E1", None),
        (b"H1/", None),
        (b"\xff/E1", None),
        (None, None),
    ],
)
def test_a_key_is_hospital_and_rest(key: bytes | None, parts: tuple[str, str] | None) -> None:
    assert read_key(key) == parts


def nested(depth: int) -> bytes:
    """An object with lists within it: `depth` levels in all."""
    return b'{"x":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


@pytest.mark.parametrize("depth", [*range(2, DEPTH_MAX + 1), *range(DEPTH_MAX + 1, 1101, 37), 100_000])
def test_depth_is_refused_by_name_before_anything_recurses(depth: int) -> None:
    read = read_object(nested(depth))

    if depth <= DEPTH_MAX:
        assert isinstance(read, Body)
    else:
        assert read == Refusal(
            Reason.BAD_EVENT, f"Expected at most {DEPTH_MAX} levels of objects and lists, got {depth}."
        )


@pytest.mark.parametrize("text", [r"[[\"[[", "]{" * 40, "\\\\"])
def test_brackets_in_texts_are_no_levels(text: str) -> None:
    assert isinstance(read_object(json.dumps({"a": "[" * 40, "b": text, "c": ["x"] * 40}).encode()), Body)


def test_wide_is_not_deep() -> None:
    assert isinstance(read_object(json.dumps({"x": [[]] * 1000, "y": [{"z": [1]}] * 1000}).encode()), Body)


class Dated(WireModel):
    at: Instant


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("1900-01-01T00:00:00Z", True),
        ("1900-01-01T00:00:00+08:00", False),
        ("2199-12-31T23:59:59.999999Z", True),
        ("2200-01-01T00:00:00Z", False),
        ("0001-01-01T00:00:00+08:00", False),
        ("9999-12-31T23:59:59-08:00", False),
    ],
)
def test_an_instant_is_one_that_every_database_and_zone_holds(text: str, fits: bool) -> None:
    read = validate(Dated, json.dumps({"at": text}).encode())

    assert isinstance(read, Dated) is fits
    if isinstance(read, Refusal):
        assert (read.reason, read.detail.split(":")[0]) == (Reason.BAD_EVENT, "at")

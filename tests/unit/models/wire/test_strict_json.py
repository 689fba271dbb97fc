"""JSON that strangers wrote: exact, bounded, every refusal named."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reasons import Reason
from models.wire.strict_json import Body, Refusal, read_key, read_object

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

"""The quick reader of a scan gives what the model gives, or nothing."""

import json
from datetime import datetime
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.scan.event import Action, ScanEvent
from models.scan.reading import QUICK_FIELDS, read_scan, usual_event
from models.wire.strict_json import Body, read_object, validate
from models.wire.topics import SCANS
from tests.poison.fuzz import ABSURD, records
from tests.support.builders import DI, NOON, body, gs1, scan

ANYTHING: Final = st.sampled_from(ABSURD)
TEXTS: Final = st.one_of(
    st.none(),
    st.text(max_size=3),
    st.text(min_size=62, max_size=66),
    st.sampled_from(["a\x7f", "a\n", "\\", '"', "手术"]),
)
INSTANTS: Final = st.one_of(
    st.datetimes().map(lambda at: at.isoformat() + "Z"),
    st.from_regex(
        r"(1899|1900|2022|2199|2200)-(01|06|12)-(01|31)[Tt _](08|23|24):(15|59|60)(:(30|59|60)(\.[0-9]{0,9})?)?"
        r"([Zz]|[+-](00|08|23|24):?(00|59|60))?",
        fullmatch=True,
    ),
)  # fmt: skip
IDS: Final = st.one_of(
    st.uuids().map(str), st.uuids().map(lambda each: each.hex), st.uuids().map(lambda each: f"urn:uuid:{each}"),
    st.uuids().map(lambda each: f"{{{each}}}".upper()),
)  # fmt: skip
CODES: Final = st.one_of(
    st.none(),
    st.lists(st.sampled_from([gs1(DI, lot="L1", serial="S1"), "a\\b", "\x1d", "\x7f", "\x00", "", "号"]), max_size=5),
)
NEAR: Final[dict[str, st.SearchStrategy[Any]]] = {
    "schema": st.sampled_from(["udi.scan/1", "udi.scan/2", "udi.tick/1"]),
    "scan_id": IDS,
    "corrects": st.none() | IDS,
    "scanned_at": INSTANTS,
    "action": st.sampled_from([*Action, "USE"]),
    "entry": st.sampled_from(["scan", "camera", "rfid", "manual", "typed", None]),
    "codes": CODES,
    "quantity": st.sampled_from([0, 1, 1.0, True, 100_000, 100_001, "1"]),
    "sequence": st.sampled_from([None, -1, 0, 0.0, 2**63 - 1, 2**63, 2**64]),
    "boot": TEXTS | st.sampled_from(["a\x00", 7, ["b"]]),
    "hospital": TEXTS | st.sampled_from(["H/1", "H1"]),
    "reason": TEXTS | st.just("110103201012250009"),
    "override": st.sampled_from([None, {}, {"badge": "B1", "reason": "told"}]),
}
"""Values that a field may have, or just may not have; of others: texts."""
FIELDS: Final = ["schema", *list(ScanEvent.model_fields)[1:]]


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A scan with up to four of its fields left out, or made good, nearly good or absurd; as compact JSON or not."""
    record = scan(1)
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=4)):
        near = NEAR.get(name, TEXTS)
        record[name] = draw(st.one_of(near, near, near, ANYTHING))
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=1)):
        record.pop(name, None)
    return _text(record, ascii_only=draw(st.booleans()), compact=draw(st.booleans()))


def _text(record: dict[str, Any], *, ascii_only: bool, compact: bool) -> bytes:
    separators = (",", ":") if compact else (", ", ": ")
    return json.dumps(record, ensure_ascii=ascii_only, separators=separators).encode("utf-8", "surrogatepass")


def _check(value: bytes) -> ScanEvent | None:
    """What the quick reader gives, held against the model."""
    read = read_object(value)
    if not isinstance(read, Body):
        return None
    quick, slow = usual_event(value, read.fields), validate(ScanEvent, value)
    if quick is not None:
        assert isinstance(slow, ScanEvent)
        assert quick == slow
        assert [*quick.__dict__] == [*slow.__dict__]
        assert [type(each) for each in quick.__dict__.values()] == [type(each) for each in slow.__dict__.values()]
        assert quick.scanned_at.utcoffset() == slow.scanned_at.utcoffset()
        assert quick.model_dump_json() == slow.model_dump_json()
    return quick


@given(bodies())
def test_the_quick_reader_gives_what_the_model_gives_or_nothing(value: bytes) -> None:
    _check(value)


@pytest.mark.parametrize("seed", range(3))
def test_records_made_from_the_schema_are_the_same_to_both(seed: int) -> None:
    quick = [_check(value) for value in records(SCANS, 500, seed)]

    assert sum(event is not None for event in quick) > 100


def test_it_has_the_fields_of_the_model_in_their_order() -> None:
    assert tuple(ScanEvent.model_fields) == QUICK_FIELDS


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"codes": [gs1(DI, lot="L1", serial="S1"), gs1(serial="S1", lot="L2")]},
        {"item_code": "SCREW"},
        {"encounter": None, "reason": None, "department": "心内科", "unknown": {"field": [1.5]}},
        {"scanned_at": "2022-06-03T12:00:00.123456+08:00", "sequence": 7, "boot": "b", "operation": "OP"},
        {"action": "return", "corrects": "00000000-0000-0000-0000-000000000002", "entry": "rfid"},
        {"action": "transfer", "to_store": "OR-1", "document": "D1", "place": "C1", "team": "T", "staff": "N"},
    ],
)
@pytest.mark.parametrize("compact", [True, False])
def test_what_scanners_send_takes_the_quick_way(changes: dict[str, Any], compact: bool) -> None:
    assert _check(_text(scan(1, **changes), ascii_only=False, compact=compact)) is not None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"scanned_at": "2022-06-03T04:00:01.1234567Z"}, "2022-06-03T04:00:01.123456+00:00"),
        ({"scanned_at": "2022-06-03T04:00:01.999999999Z"}, "2022-06-03T04:00:01.999999+00:00"),
        ({"scanned_at": "2022-06-03T04:00Z"}, "2022-06-03T04:00:00+00:00"),
    ],
)
def test_an_instant_that_both_would_read_otherwise_is_read_by_the_model(changes: dict[str, Any], expected: str) -> None:
    read = read_scan(None, body(scan(1, **changes)), NOON)

    assert isinstance(read, tuple)
    assert read[0].scanned_at == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("hint", "unreadable"),
    [
        *(("sequence", each) for each in ("47", "", -1, 1.0, 1.5, True, 2**63, [47], {"n": 47})),
        *(("boot", each) for each in (7, True, "", "b" * 65, "b\x00", "b\x7f", ["b"], {"b": 1})),
    ],
)
def test_a_hint_that_cannot_be_read_is_as_absent(hint: str, unreadable: Any) -> None:
    came = scan(1, sequence=47, boot="b") | {hint: unreadable}
    read = read_scan(None, body(came), NOON)
    without = read_scan(None, body({name: each for name, each in came.items() if name != hint}), NOON)

    assert isinstance(read, tuple)
    assert isinstance(without, tuple)
    assert read[0] == without[0]
    assert read[0].__dict__[hint] is None
    assert read[1].fields[hint] == unreadable
    assert read[1].fingerprint != without[1].fingerprint


@pytest.mark.parametrize(
    "changes",
    [
        {"device_id": "gun\x1f1"},
        {"device_id": "gun\x7f1"},
        {"device_id": "gun\n1", "codes": [gs1(DI)]},
        {"hospital": "H/1"},
        {"reason": "dropped"},
        {"override": {"badge": "B1", "reason": "told"}},
        {"scan_id": "urn:uuid:00000000-0000-0000-0000-000000000001"},
        {"scanned_at": "1899-12-31T23:59:59Z"},
        {"item_code": "SCREW", "codes": ["x"]},
        {"action": "transfer"},
        {"entry": "manual"},
        {"sequence": -1},
        {"sequence": 2**63},
        {"quantity": 0},
        {"quantity": 100_001},
        {"store": ""},
        {"store": "x" * 65},
        {"codes": []},
        {"codes": ["x"] * 5},
    ],
)
def test_what_is_odd_is_left_to_the_model(changes: dict[str, Any]) -> None:
    value = body(scan(1) | changes)
    read = read_object(value)

    assert isinstance(read, Body)
    assert usual_event(value, read.fields) is None

"""What arrives: records that are no events, repeated ids, unreadable labels, and time."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from models.charging.arrival import TickRecord
from models.charging.books import BadRecord, Ref
from models.charging.decision import Decision
from models.charging.effects import StockMove
from models.reasons import Reason
from models.wire.strict_json import Refusal
from models.wire.topics import RECORD_BYTES_MAX
from rules.labels.reading import bad_record
from tests.support.builders import (
    DI,
    LABEL,
    NOON,
    STORE,
    TICK,
    Bench,
    Outcome,
    body,
    gs1,
    into,
    item,
    key_of,
    out,
    scan,
    scan_id,
)


def refused(reason: str) -> Outcome:
    return Outcome("refused", (reason,))


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in scan(1).items() if key != name}


# No event ---------------------------------------------------------------------------------------------------------


def padded(size: int) -> bytes:
    short = body(scan(1) | {"pad": ""})
    return short[:-2] + b"x" * (size - len(short)) + short[-2:]


@pytest.mark.parametrize(("size", "verdict"), [(RECORD_BYTES_MAX, "billed"), (RECORD_BYTES_MAX + 1, "refused")])
def test_a_record_is_read_up_to_its_largest_size(size: int, verdict: str) -> None:
    result = Bench().record(padded(size))[0]

    assert (result.verdict if isinstance(result, Decision) else result.reason) == (
        verdict if verdict == "billed" else Reason.TOO_LARGE
    )


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", Reason.NOT_JSON),
        (b"{", Reason.NOT_JSON),
        (b'{"schema": NaN}', Reason.NOT_JSON),
        (b"\xff\xfe", Reason.NOT_JSON),
        (b"[]", Reason.BAD_EVENT),
        (b"{}", Reason.BAD_EVENT),
        (b'{"schema":"udi.scan/1","schema":"udi.scan/1"}', Reason.BAD_EVENT),
    ],
)
def test_what_is_no_event_is_a_bad_record(value: bytes, reason: Reason) -> None:
    result = Bench().record(value)[0]

    assert isinstance(result, BadRecord)
    assert (result.reason, result.hospital, result.scan_id) == (reason, "unknown", None)


@pytest.mark.parametrize(
    "name", ["schema", "scan_id", "hospital", "device_id", "scanned_at", "action", "quantity", "store", "codes"]
)
def test_an_event_without_a_required_field_is_refused(name: str) -> None:
    result = Bench().record(without(name))[0]

    assert isinstance(result, BadRecord)
    assert result.reason is Reason.BAD_EVENT


@pytest.mark.parametrize(
    "changes",
    [
        {"quantity": 1.0},
        {"quantity": "1"},
        {"action": "lend"},
        {"scanned_at": "2022-06-03T12:00:00"},
        {"codes": []},
        {"codes": [LABEL] * 5},
        {"item_code": "SCREW", "codes": [LABEL]},
        {"action": "transfer"},
        {"entry": "manual"},
        {"hospital": "H/1"},
        {"store": ""},
    ],
)
def test_a_wrong_field_is_refused(changes: dict[str, Any]) -> None:
    result = Bench().record(scan(1) | changes)[0]

    assert isinstance(result, BadRecord)
    assert result.reason is Reason.BAD_EVENT


@pytest.mark.parametrize(
    "changes",
    [
        {"unheard": "of"},
        {"codes": [LABEL] * 4},
        {"entry": "manual", "reason": "label torn"},
        {"sequence": 1, "boot": "b"},
    ],
)
def test_what_is_unusual_but_allowed_is_charged(changes: dict[str, Any]) -> None:
    assert Bench().scan(1, **changes).verdict == "billed"


@pytest.mark.parametrize(
    ("ahead", "verdict"), [(timedelta(hours=24), "billed"), (timedelta(hours=24, milliseconds=1), "refused")]
)
def test_a_device_may_run_a_day_ahead_of_the_broker(ahead: timedelta, verdict: str) -> None:
    assert Bench().scan(1, scanned_at=(NOON + ahead).isoformat()).verdict == verdict


@pytest.mark.parametrize(
    ("scanned_at", "verdict"),
    [
        ("1999-12-31T23:59:59.999Z", "refused"),
        ("2000-01-01T00:00:00Z", "held"),
        ("1999-12-31T23:59:59.999+08:00", "refused"),
        ("2000-01-01T00:00:00+08:00", "held"),
    ],
)
def test_a_scan_from_before_2000_is_refused(scanned_at: str, verdict: str) -> None:
    assert Bench().scan(1, scanned_at=scanned_at).verdict == verdict


@pytest.mark.parametrize(
    ("event", "key", "verdict"),
    [
        (scan(1), None, "billed"),
        (scan(1), b"H1/E1", "billed"),
        (scan(1), b"H1/OR-2", "refused"),
        (scan(1), b"H2/E1", "refused"),
        (scan(1), b"\xff", "refused"),
        (scan(1, encounter=None), b"H1/OR-2", "parked"),
        (scan(1, encounter=None), b"H1/E1", "refused"),
    ],
)
def test_the_key_says_the_same_as_the_body(event: dict[str, Any], key: bytes | None, verdict: str) -> None:
    result = Bench().record(event, key)[0]

    assert (result.verdict if isinstance(result, Decision) else "refused") == verdict
    assert isinstance(result, Decision) or result.reason is Reason.KEY_MISMATCH


def test_a_bad_record_belongs_to_the_hospital_of_its_key_and_names_what_can_be_read() -> None:
    result = Bench().record(scan(1) | {"quantity": 0}, b"H7/E1")[0]

    assert isinstance(result, BadRecord)
    assert (result.hospital, result.scan_id, result.device_id) == ("H7", scan_id(1), "gun1")


@pytest.mark.parametrize(
    ("key", "hospital"),
    [
        (b"H" * 64 + b"/E1", "H" * 64), (b"H" * 65 + b"/E1", "unknown"), (b"H\t7/E1", "unknown"),
    ],
)  # fmt: skip
def test_the_hospital_of_a_key_is_taken_up_to_64_printable_characters(key: bytes, hospital: str) -> None:
    result = Bench().record(b"{", key)[0]

    assert isinstance(result, BadRecord)
    assert result.hospital == hospital


@pytest.mark.parametrize(
    ("said", "device"),
    [("g", "g"), ("g" * 64, "g" * 64), ("g" * 65, None), ("", None), ("gun\t1", None), (7, None)],
)
def test_the_device_of_a_bad_record_is_taken_up_to_64_printable_characters(said: Any, device: str | None) -> None:
    result = Bench().record(scan(1) | {"quantity": 0, "device_id": said})[0]

    assert isinstance(result, BadRecord)
    assert (result.reason, result.scan_id, result.device_id) == (Reason.BAD_EVENT, scan_id(1), device)


@pytest.mark.parametrize(("size", "named"), [(RECORD_BYTES_MAX, scan_id(1)), (RECORD_BYTES_MAX + 1, None)])
def test_a_record_that_fails_by_itself_names_its_scan_up_to_the_largest_size(size: int, named: UUID | None) -> None:
    failed = Refusal(Reason.INTERNAL_ERROR, "KeyError")

    assert bad_record(Ref(1, 0), 0, b"H1/E1", padded(size), NOON, failed).scan_id == named


# Labels that are none ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["]d2011234567890123410L1"], refused("bad-check-digit")),
        ([f"]d201{DI}17271332"], refused("unreadable-code")),
        (["HOUSE-7"], refused("not-a-udi")),
        (["]C100" + "106141411234567897"], Outcome("held", ("no-device-identifier",))),
    ],
)
def test_a_label_that_names_no_device_is_not_charged(codes: list[str], expected: Outcome) -> None:
    assert Bench().scan(1, codes=codes) == expected


def test_text_beside_a_udi_is_ignored() -> None:
    assert Bench().scan(1, codes=["HOUSE-7", LABEL]).verdict == "billed"


@pytest.mark.parametrize(
    "listed",
    [
        item(item_code="HOUSE-7", identifiers=[]),
        item(identifiers=[{"issuer": "internal", "di": "HOUSE-7", "units_per_package": 1}]),
    ],
)
def test_a_house_code_is_charged_when_the_catalogue_lists_it(listed: dict[str, Any]) -> None:
    decided = Bench(listed, stocked=False).decision(1, codes=["HOUSE-7"])

    assert (decided.verdict, decided.label.issuer, decided.label.di) == ("billed", "internal", "HOUSE-7")


def test_a_refused_id_is_not_remembered() -> None:
    bench = Bench()
    bench.scan(1, codes=["HOUSE-7"])

    assert bench.scan(1).verdict == "billed"


# Ids --------------------------------------------------------------------------------------------------------------


def test_the_same_body_again_is_a_duplicate_and_changes_nothing() -> None:
    bench = Bench()
    bench.scan(1)

    assert bench.scan(1) == Outcome("duplicate", ("duplicate",))
    assert bench.scan(1) == Outcome("duplicate", ("duplicate",))


def test_the_order_of_fields_is_no_difference() -> None:
    bench = Bench()
    bench.scan(1)
    turned = dict(reversed(scan(1).items()))

    results = bench.record(turned)

    assert [each.verdict for each in results if isinstance(each, Decision)] == ["duplicate"]


def test_another_body_under_the_same_id_is_a_conflict() -> None:
    bench = Bench()
    bench.scan(1)

    assert bench.scan(1, quantity=2) == Outcome("conflict", ("conflict",))
    assert bench.scan(1) == Outcome("duplicate", ("duplicate",))


def test_ids_are_per_hospital() -> None:
    bench = Bench()
    bench.scan(1)

    assert bench.scan(1, hospital="H2") == Outcome("parked", ("unknown-identifier", "encounter-unknown"))


def test_a_repeated_scan_of_the_device_releases_no_half() -> None:
    bench = Bench()
    late = scan(1, scanned_at=(NOON + timedelta(hours=1)).isoformat())
    bench.record(late)
    bench.scan(2, codes=[gs1(DI)])

    assert [each.verdict for each in bench.record(late) if isinstance(each, Decision)] == ["duplicate"]
    assert len(bench.view.waiting) == 1


def test_a_tick_is_an_arrival_by_the_brokers_time_and_has_no_verdict() -> None:
    bench = Bench()

    assert bench.read(TICK) == TickRecord(NOON)
    assert bench.record(TICK) == []


# Actions that charge nothing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "move"),
    [
        ({"action": "opened"}, out(2)),
        ({"action": "waste"}, out(2)),
        ({"action": "receive"}, into(2)),
        ({"action": "transfer", "to_store": "OR-1"}, StockMove("hospital", 2, "OR-2", "OR-1")),
        ({"action": "count"}, None),
    ],
)
def test_what_is_no_use_only_moves_stock(changes: dict[str, Any], move: StockMove | None) -> None:
    assert Bench().scan(1, quantity=2, **changes) == Outcome("recorded", (), move=move)


@pytest.mark.parametrize("action", ["opened", "waste", "count"])
def test_what_is_no_use_asks_neither_encounter_nor_expiry_nor_suspension(action: str) -> None:
    bench = Bench(item(suspended=True, prices=[]), encounters={}, closed=202205)
    expired = gs1(DI, expiry="200101", lot="L1")
    bench.stock(expired)

    assert bench.scan(1, action=action, codes=[expired], encounter=None)[:2] == ("recorded", ())


def test_goods_that_come_in_expired_are_recorded_flagged_and_locked_away() -> None:
    bench = Bench(item(suspended=True, prices=[]), encounters={}, closed=202205)
    through, expired = gs1(DI, expiry="220603", lot="L1"), gs1(DI, expiry="220602", lot="L1")

    assert bench.scan(1, action="receive", codes=[through], encounter=None)[:2] == ("recorded", ("suspended-item",))
    locked = bench.scan(2, action="receive", codes=[expired], encounter=None)
    assert (locked[:2], locked.move) == (
        ("recorded", ("expired", "suspended-item")),
        into(1, store=f"quarantine/{STORE}"),
    )


def test_a_transfer_takes_from_one_shelf_and_fills_the_other() -> None:
    bench = Bench(stocked=False)
    bench.stock(LABEL, quantity=1)
    bench.scan(1, action="transfer", to_store="OR-1")

    assert bench.scan(2, store="OR-1").reasons == ()
    assert bench.scan(3).reasons == ("stock-negative",)


def test_wasting_more_than_there_is_is_flagged() -> None:
    assert Bench(stocked=False).scan(1, action="waste") == Outcome("recorded", ("stock-negative",), move=out(1))


def test_goods_received_before_the_catalogue_knows_them_move_when_it_does() -> None:
    bench = Bench(item(item_code="OTHER", identifiers=[]), stocked=False)
    received = bench.decision(1, action="receive", quantity=3)
    assert (received.verdict, received.reasons, received.stock.move) == ("parked", ("unknown-identifier",), None)

    bench.learn(item())

    assert bench.again(received) == Outcome("recorded", (), move=into(3))


def test_the_nurse_is_told_what_is_left_of_the_item() -> None:
    bench = Bench()
    bench.stock(gs1(DI, expiry="271231", lot="L2"), quantity=5)

    assert bench.decision(1, quantity=3).stock.left == 102


def test_key_is_made_of_the_encounter_or_the_store() -> None:
    assert [key_of(scan(1)), key_of(scan(1, encounter=None))] == [b"H1/E1", b"H1/OR-2"]

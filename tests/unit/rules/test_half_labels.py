"""Half labels: which two belong together, which never do, and what becomes of one that stays alone."""

from datetime import timedelta
from typing import Any

import pytest

from models.charging.arrival import TickRecord
from models.charging.decision import Decision
from models.policy import POLICY
from rules.charging.fold import fold
from tests.support.builders import (
    DI,
    JUNE,
    LABEL,
    NOON,
    SECOND,
    Bench,
    Outcome,
    at,
    gs1,
    gtin,
    item,
    out,
    outcome,
    scan,
    scan_id,
)

IDENTIFIER, REST = gs1(DI), gs1(expiry="271231", lot="L1")
WAITING = Outcome("waiting", ("half-label",))
CARRIED = Outcome("recorded", ("half-label",))
BILLED = Outcome("billed", (), ("charge", 1, "1234.00", 202206), out(1), (), (("ORTH", JUNE, 1, "1234.00"),))
HELD = Outcome("held", ("half-label",))
HELD_REST = Outcome("held", ("half-label", "no-device-identifier"))


def record(bench: Bench, number: int, code: str, **changes: Any) -> list[Outcome]:
    return [outcome(each) for each in bench.record(scan(number, **({"codes": [code]} | changes)))]


@pytest.mark.parametrize(
    ("code", "half"),
    [
        (IDENTIFIER, True),
        (REST, True),
        (gs1(lot="L1"), True),
        (gs1(serial="S1"), True),
        (gs1(expiry="271231"), True),
        (gs1(DI, expiry="271231"), False),
        (gs1(DI, serial="S1"), False),
        (LABEL, False),
    ],
)
def test_a_label_is_half_with_an_identifier_alone_or_without_one(code: str, half: bool) -> None:
    assert (Bench().scan(1, codes=[code]).verdict == "waiting") is half


@pytest.mark.parametrize(("first", "second"), [(IDENTIFIER, REST), (REST, IDENTIFIER)])
def test_two_halves_become_one_label_and_the_identifier_carries_the_charge(first: str, second: str) -> None:
    bench = Bench()

    assert record(bench, 1, first) == [WAITING]
    assert record(bench, 2, second) == [BILLED, CARRIED]


@pytest.mark.parametrize(("first", "second"), [(IDENTIFIER, REST), (REST, IDENTIFIER)])
def test_both_halves_name_the_charge_and_each_other(first: str, second: str) -> None:
    bench = Bench()
    bench.scan(1, codes=[first])
    whole, carried = [each for each in bench.record(scan(2, codes=[second])) if isinstance(each, Decision)]

    assert (whole.charging.billing_ids, whole.partner) == (carried.charging.billing_ids, carried.subject.ref)
    assert (whole.label.di, whole.label.lot, carried.partner) == (DI, "L1", whole.subject.ref)


def test_two_barcodes_in_one_scan_are_one_label() -> None:
    assert Bench().scan(1, codes=[IDENTIFIER, REST]) == BILLED


def test_barcodes_that_contradict_each_other_are_held() -> None:
    assert Bench().scan(1, codes=[LABEL, gs1(lot="L2")]) == Outcome("held", ("ambiguous-code",))


# What keeps two halves apart --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"device_id": "gun2"},
        {"encounter": "E2"},
        {"store": "OR-1"},
        {"quantity": 2},
        {"action": "waste"},
        {"corrects": str(scan_id(77))},
        {"codes": [IDENTIFIER]},
        {"scanned_at": at(61.001)},
    ],
)
def test_halves_of_different_scans_do_not_pair(changes: dict[str, Any]) -> None:
    bench = Bench()
    record(bench, 1, IDENTIFIER)

    assert record(bench, 2, REST, **changes)[-1].verdict == "waiting"


@pytest.mark.parametrize(
    ("seconds", "expected"), [(60, [BILLED, CARRIED]), (60.001, [HELD, WAITING]), (-60, [BILLED, CARRIED])]
)
def test_halves_pair_within_sixty_seconds(seconds: float, expected: list[Outcome]) -> None:
    bench = Bench()
    record(bench, 1, IDENTIFIER, scanned_at=at(0))

    assert record(bench, 2, REST, scanned_at=at(seconds)) == expected


def test_a_half_that_came_late_does_not_pair_and_releases_nothing() -> None:
    bench = Bench()
    record(bench, 1, IDENTIFIER, scanned_at=at(0))

    assert record(bench, 2, REST, scanned_at=at(-60.001)) == [WAITING]


def test_another_scan_between_them_keeps_halves_apart() -> None:
    bench = Bench()
    record(bench, 1, IDENTIFIER)
    bench.scan(2)

    assert record(bench, 3, REST) == [WAITING]


def test_a_scan_of_another_device_between_them_does_not_matter() -> None:
    bench = Bench()
    record(bench, 1, IDENTIFIER)
    bench.scan(2, device_id="gun2")

    assert record(bench, 3, REST) == [BILLED, CARRIED]


def test_two_devices_interleaved_each_make_their_own_label() -> None:
    bench = Bench()
    record(bench, 1, IDENTIFIER, device_id="gun1")
    record(bench, 2, IDENTIFIER, device_id="gun2")

    assert record(bench, 3, REST, device_id="gun1") == [BILLED, CARRIED]
    assert record(bench, 4, REST, device_id="gun2") == [BILLED, CARRIED]


def test_a_half_with_two_possible_partners_takes_neither() -> None:
    bench = Bench()
    record(bench, 1, IDENTIFIER, scanned_at=at(1))
    record(bench, 2, IDENTIFIER, scanned_at=at(1))

    assert record(bench, 3, REST, scanned_at=at(2)) == [WAITING]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ({"sequence": 8}, [BILLED, CARRIED]),
        ({"sequence": 6}, [BILLED, CARRIED]),
        ({"sequence": 9}, [WAITING]),
        ({"sequence": 7}, [WAITING]),
        ({"sequence": None}, [BILLED, CARRIED]),
        ({"sequence": 1, "boot": "next"}, [BILLED, CARRIED]),
    ],
)
def test_sequence_numbers_of_one_boot_must_be_neighbours(second: dict[str, Any], expected: list[Outcome]) -> None:
    bench = Bench()
    record(bench, 1, IDENTIFIER, sequence=7, boot="first")

    assert record(bench, 2, REST, **({"boot": "first"} | second)) == expected


def test_halves_that_arrive_out_of_order_pair_by_their_sequence_numbers() -> None:
    bench = Bench()
    record(bench, 2, REST, sequence=2, scanned_at=at(2))
    record(bench, 4, REST, sequence=4, scanned_at=at(4))

    assert record(bench, 1, IDENTIFIER, sequence=1, scanned_at=at(1)) == [BILLED, CARRIED]
    assert record(bench, 3, IDENTIFIER, sequence=3, scanned_at=at(3)) == [BILLED, CARRIED]


# HIBC -------------------------------------------------------------------------------------------------------------


def hibc_check(text: str) -> str:
    table = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
    return table[sum(table.index(character) for character in text) % 43]


def hibc_primary() -> str:
    """Labeler A999, product 1234, unit of measure 5."""
    text = "+A99912345"
    return text + hibc_check(text)


def hibc_secondary(link: str) -> str:
    text = "+$$3271231LOT7" + link
    return text + hibc_check(text)


HIBC_ITEM = item(identifiers=[{"issuer": "HIBCC", "di": "A99912345", "units_per_package": 1}])


@pytest.mark.parametrize("other", [False, True])
def test_an_hibc_secondary_pairs_only_with_the_primary_it_names(other: bool) -> None:
    bench = Bench(HIBC_ITEM, stocked=False)
    link = hibc_primary()[-1]
    link = ("A" if link != "A" else "B") if other else link
    assert record(bench, 1, hibc_primary()) == [WAITING]

    verdicts = [each.verdict for each in record(bench, 2, hibc_secondary(link))]

    assert verdicts == (["waiting"] if other else ["billed", "recorded"])


def test_halves_of_two_issuers_do_not_pair() -> None:
    bench = Bench(HIBC_ITEM, stocked=False)
    record(bench, 1, hibc_primary())

    assert record(bench, 2, REST) == [WAITING]


# The window -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "released"), [(61, 0), (61.001, 1)])
def test_a_later_scan_of_the_device_closes_the_window(seconds: float, released: int) -> None:
    bench = Bench()
    record(bench, 1, IDENTIFIER, scanned_at=at(1))

    assert record(bench, 2, LABEL, scanned_at=at(seconds)) == [HELD] * released + [BILLED]


def test_a_scan_of_another_device_closes_no_window() -> None:
    bench = Bench()
    record(bench, 1, IDENTIFIER)

    assert record(bench, 2, LABEL, device_id="gun2", scanned_at=at(3600)) == [BILLED]


@pytest.mark.parametrize(("after", "expected"), [(timedelta(seconds=60), []), (60.001 * SECOND, [HELD])])
def test_a_tick_closes_the_window_by_the_brokers_time(after: timedelta, expected: list[Outcome]) -> None:
    bench = Bench()
    record(bench, 1, IDENTIFIER, scanned_at="2022-05-01T00:00:00+08:00")

    assert bench.tick(NOON + after) == expected
    assert bench.tick(NOON + 2 * after) == ([] if expected else [HELD])


@pytest.mark.parametrize(("tracking", "expected"), [("none", BILLED), ("lot", HELD), ("serial", HELD)])
def test_an_identifier_alone_is_charged_after_the_window_only_where_lots_are_not_kept(
    tracking: str, expected: Outcome
) -> None:
    bench = Bench(item(tracking=tracking))
    bench.stock(gs1(DI, expiry="271231"))
    record(bench, 1, IDENTIFIER)

    assert bench.tick(NOON + 61 * SECOND) == [expected]


def test_what_belongs_to_an_identifier_is_held_after_the_window() -> None:
    bench = Bench()
    record(bench, 1, REST)

    assert bench.tick(NOON + 61 * SECOND) == [HELD_REST]


def test_an_identifier_alone_whose_item_is_unknown_is_decided_when_the_catalogue_knows_it() -> None:
    unknown = gtin(555)
    bench = Bench()
    bench.record(scan(1, codes=[gs1(unknown)]))
    released = fold([TickRecord(NOON + 61 * SECOND)], bench.view, POLICY)[0]
    assert isinstance(released, Decision)
    assert outcome(released) == Outcome("held", ("half-label", "unknown-identifier"))

    bench.learn(item(tracking="none", identifiers=[{"issuer": "GS1", "di": unknown, "units_per_package": 1}]))
    bench.stock(gs1(unknown, expiry="271231"))

    assert bench.again(released) == BILLED

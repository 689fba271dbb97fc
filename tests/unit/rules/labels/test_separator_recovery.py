"""Labels that may have lost separators, from the record to the decision."""

from collections.abc import Iterable
from datetime import date

import pytest

from models.charging.books import RecordedScan
from models.charging.snapshot import LotPatterns
from models.scan.scanners import Scanner
from models.udi.lot_pattern import learn
from rules.charging.fold import redecide
from rules.labels.separator_recovery import settled
from tests.support.builders import (
    DI,
    NOON,
    Bench,
    Outcome,
    at,
    gs1,
    gtin,
    into,
    item,
    out,
    outcome,
    prior_of,
    scan,
    scan_id,
)

LOST = f"]d201{DI}17271231" + "10L12345" + "21S1"
"""Lot L12345 and serial S1, or lot L1234521S1."""
CLEAN = gs1(DI, expiry="271231", lot="L12345", serial="S1")
HELD = Outcome("held", ("ambiguous-code",))


def patterns(lots: Iterable[str | None], serials: Iterable[str | None]) -> LotPatterns:
    lot = serial = None
    for value in lots:
        lot = learn(lot, value)
    for value in serials:
        serial = learn(serial, value)
    assert lot is not None
    assert serial is not None
    return LotPatterns(lot, serial)


SIX_AND_TWO = patterns([f"L{n}" for n in range(10000, 10020)], [f"S{n}" for n in range(10)] * 2)
TEN_ALONE = patterns([f"L{n}21S{n % 10}" for n in range(10000, 10020)], [None] * 20)
NEITHER = patterns([f"{n}" for n in range(100, 120)], [None] * 20)


def bench(known: LotPatterns | None, *items: dict[str, object], losing: bool = False) -> Bench:
    made = Bench(*items, stocked=False)
    if losing:
        profile = Scanner(hospital="H1", device_id="gun1", known_from=NOON, drops_separators=True)
        made.view.catalogue.scanners.put(profile, 1)
    if known is not None:
        made.view.gathered.patterns["GS1", DI] = known
    return made


def label_of(made: Bench, *codes: str) -> tuple[str | None, str | None, tuple[str, ...]]:
    label = made.decision(1, codes=list(codes)).label
    return label.lot, label.serial, tuple(map(str, label.flags))


def verdict(found: Outcome | None) -> tuple[str, tuple[str, ...]] | None:
    return found and (found.verdict, found.reasons)


def test_the_one_reading_that_fits_is_taken_and_flagged() -> None:
    made = bench(SIX_AND_TWO)

    assert label_of(made, LOST) == ("L12345", "S1", ("suspect_missing_separator", "separator_restored"))
    assert made.scan(2, codes=[CLEAN]) == Outcome("held", ("serial-used",))


def test_a_label_that_has_lost_nothing_is_taken_as_it_was_read() -> None:
    assert label_of(bench(TEN_ALONE), LOST) == ("L1234521S1", None, ("suspect_missing_separator",))


def test_without_evidence_a_label_that_could_be_cut_is_billed_as_read_and_keeps_its_other_readings() -> None:
    decision = bench(None).decision(1, codes=[LOST])

    assert (decision.verdict, decision.reasons) == ("billed", ("stock-negative",))
    assert (decision.label.lot, decision.label.serial) == ("L1234521S1", None)
    assert decision.label.suspect is not None
    assert [(each.lot, each.serial) for each in decision.label.suspect.alternatives] == [("L12345", "S1")]


@pytest.mark.parametrize("tracking", ["none", "lot"])
def test_the_charge_does_not_wait_for_the_lot_that_a_faulty_scanner_has_swallowed(tracking: str) -> None:
    decision = bench(None, item(tracking=tracking), losing=True).decision(1, codes=[LOST])

    assert outcome(decision)[:2] == ("billed", ("lot-uncertain", "stock-negative"))
    assert (decision.label.lot, decision.label.serial, decision.label.expiry) == (None, None, date(2027, 12, 31))
    assert [(each.lot, each.serial) for each in decision.label.possible] == [("L1234521S1", None), ("L12345", "S1")]
    assert decision.charging.entries[0].flags == ("lot-uncertain", "stock-negative")


def test_a_unit_tracked_by_serial_is_held_when_its_serial_may_be_swallowed() -> None:
    decision = bench(None, item(tracking="serial"), losing=True).decision(1, codes=[LOST])

    assert (decision.verdict, decision.reasons, decision.stock.move) == ("held", ("ambiguous-code",), None)
    assert len(decision.label.possible) == 2


def test_a_faulty_scanner_of_a_maker_whose_labels_are_known_costs_nothing() -> None:
    made = bench(SIX_AND_TWO, losing=True)

    assert verdict(made.scan(1, codes=[LOST])) == ("billed", ("stock-negative",))
    assert made.scan(2, codes=[CLEAN]) == Outcome("held", ("serial-used",))


def test_a_profile_counts_from_its_instant_on() -> None:
    made = bench(None, losing=True)

    assert verdict(made.scan(1, codes=[LOST], scanned_at=at(-1))) == ("billed", ("stock-negative",))
    assert verdict(made.scan(2, codes=[LOST], scanned_at=at(0))) == ("billed", ("lot-uncertain", "stock-negative"))


def test_an_identifier_the_catalogue_does_not_hold_is_parked_and_its_lot_is_not_certain() -> None:
    other = item(identifiers=[{"issuer": "GS1", "di": gtin(77), "units_per_package": 1}])
    made = bench(SIX_AND_TWO, other, losing=True)
    decision = made.decision(1, codes=[LOST])

    assert outcome(decision) == Outcome("parked", ("lot-uncertain", "unknown-identifier"))

    made.learn(item())

    assert verdict(made.again(decision)) == ("billed", ("stock-negative",))


def test_where_nothing_fits_the_identifier_alone_serves_an_item_that_is_not_tracked_by_serial() -> None:
    for tracking in ("none", "lot"):
        assert verdict(bench(NEITHER, item(tracking=tracking), losing=True).scan(1, codes=[LOST])) == (
            "billed", ("lot-uncertain", "stock-negative"),
        )  # fmt: skip
    assert bench(NEITHER, item(tracking="serial"), losing=True).scan(1, codes=[LOST]) == HELD


def test_an_identifier_alone_waits_for_no_other_half() -> None:
    lost = f"]d201{DI}10L1234521S1"

    assert verdict(bench(NEITHER, item(tracking="none"), losing=True).scan(1, codes=[lost])) == (
        "billed", ("lot-uncertain", "stock-negative"),
    )  # fmt: skip


def test_a_held_label_is_decided_again_by_what_is_learned_meanwhile() -> None:
    made = bench(None, item(tracking="serial"), losing=True)
    held = made.decision(1, codes=[LOST])
    assert made.again(held) is None

    made.view.gathered.patterns["GS1", DI] = SIX_AND_TWO

    assert verdict(made.again(held)) == ("billed", ("stock-negative",))


def test_goods_that_moved_without_a_lot_get_it_when_the_pattern_tells() -> None:
    made = bench(None, losing=True)
    billed = made.decision(1, codes=[LOST])
    assert made.again(billed) is None

    made.view.gathered.patterns["GS1", DI] = SIX_AND_TWO
    results = redecide([(billed.subject, prior_of(billed), NOON)], made.view)

    assert [outcome(each)[:4] for each in results] == [
        ("billed", ("lot-uncertain", "stock-negative"), None, into(1)),
        ("billed", ("stock-negative",), None, out(1)),
    ]
    assert [(each.label.lot, each.label.serial) for each in results] == [(None, None), ("L12345", "S1")]  # type: ignore[union-attr]
    stock = {(key.lot, key.serial): units for key, units in made.view.gathered.balances.items() if units}
    assert stock == {("L12345", "S1"): -1}


@pytest.mark.parametrize("corrects", [None, str(scan_id(1))])
def test_of_a_return_the_books_tell_which_lot_was_used(corrects: str | None) -> None:
    made = bench(None)
    used = made.decision(1, codes=[CLEAN])
    made.view.catalogue.scanners.put(
        Scanner(hospital="H1", device_id="gun1", known_from=NOON, drops_separators=True), 9
    )
    back = made.decision(2, action="return", codes=[LOST], corrects=corrects)

    assert (used.verdict, back.verdict, back.reasons) == ("billed", "credited", ())
    assert (back.label.lot, back.label.serial) == ("L12345", "S1")


@pytest.mark.parametrize("corrects", [None, str(scan_id(1))])
def test_of_a_return_the_books_tell_its_lot_also_where_the_makers_pattern_does_not(corrects: str | None) -> None:
    made = bench(NEITHER, losing=True)
    used = made.decision(1, codes=[CLEAN], device_id="gun2")
    back = made.decision(2, action="return", codes=[LOST], corrects=corrects)

    assert (used.verdict, back.verdict, back.reasons) == ("billed", "credited", ())
    assert (back.label.lot, back.label.serial) == ("L12345", "S1")


def test_a_return_of_goods_of_which_no_reading_was_used_there_is_held_as_with_a_certain_label() -> None:
    made = bench(NEITHER, losing=True)
    made.decision(1, codes=[CLEAN], device_id="gun2")
    doubtful = made.decision(2, action="return", codes=[LOST.replace("L12345", "L99999")])
    certain = made.decision(3, action="return", codes=[CLEAN.replace("L12345", "L99999")], device_id="gun2")

    assert {(each.verdict, each.reasons[-1]) for each in (doubtful, certain)} == {("held", "return-without-use")}


@pytest.mark.parametrize("corrects", [None, str(scan_id(1))])
def test_a_certain_return_of_a_use_without_a_lot_goes_through(corrects: str | None) -> None:
    made = bench(None, losing=True)
    used = made.decision(1, codes=[LOST])
    back = made.decision(2, action="return", codes=[CLEAN], device_id="gun2", corrects=corrects)

    assert (used.verdict, used.reasons[0]) == ("billed", "lot-uncertain")
    assert (back.verdict, back.reasons) == ("credited", ("lot-uncertain",))
    assert not [units for units in made.view.gathered.balances.values() if units]
    again = made.decision(3, action="return", codes=[CLEAN], device_id="gun2", corrects=corrects)
    assert (again.verdict, again.reasons) == ("held", ("over-return",))


def test_a_return_takes_back_the_very_unit_before_one_without_a_lot() -> None:
    made = bench(None, losing=True)
    made.decision(1, codes=[LOST])
    used = made.decision(2, codes=[CLEAN], device_id="gun2")
    back = made.decision(3, action="return", codes=[CLEAN], device_id="gun2")

    assert (back.verdict, back.reasons, back.label.lot) == ("credited", (), "L12345")
    assert back.account is not None
    assert back.account.scan_id == used.subject.event.scan_id


def test_half_a_label_that_lost_its_separator_is_mended_when_its_identifier_comes() -> None:
    made = bench(SIX_AND_TWO)

    first = made.scan(1, codes=["]C11727123110L1234521S1"])
    whole = made.record(scan(2, codes=[f"]C101{DI}"]))[0]

    assert first == Outcome("waiting", ("half-label",))
    assert (whole.label.lot, whole.label.serial, whole.verdict) == ("L12345", "S1", "billed")  # type: ignore[union-attr]


def test_half_a_label_from_a_faulty_scanner_is_charged_without_its_lot() -> None:
    made = bench(None, losing=True)
    made.scan(1, codes=["]C11727123110L1234521S1"])
    whole = made.record(scan(2, codes=[f"]C101{DI}"]))[0]

    assert outcome(whole)[:2] == ("billed", ("lot-uncertain", "stock-negative"))


def test_a_text_too_long_for_a_lot_is_read_by_the_pattern_of_what_it_holds() -> None:
    serials = patterns([f"L{n}" for n in range(10000, 10020)], [f"S{n:013d}" for n in range(20)])
    long = f"]d201{DI}17271231" + "10L12345" + "21S0000000000001"

    assert label_of(bench(serials), long)[:2] == ("L12345", "S0000000000001")
    for known in (TEN_ALONE, None):
        assert verdict(bench(known).scan(1, codes=[long])) == ("billed", ("lot-uncertain", "stock-negative"))
        assert bench(known, item(tracking="serial")).scan(1, codes=[long]) == HELD


def test_a_text_that_no_reading_explains_is_scanned_again() -> None:
    assert bench(None).scan(1, codes=[f"]d201{DI}10" + "A" * 21]) == Outcome("refused", ("unreadable-code",))
    assert verdict(bench(None).scan(2, codes=[f"]d201{DI}10" + "A" * 20])) == ("billed", ("stock-negative",))


def test_settling_is_pure() -> None:
    made = bench(SIX_AND_TWO)
    arrival = made.read(scan(1, codes=[LOST]))
    assert isinstance(arrival, RecordedScan)

    assert settled(arrival.label, arrival.event, made.view) == settled(arrival.label, arrival.event, made.view)
    assert arrival.label.expiry == date(2027, 12, 31)

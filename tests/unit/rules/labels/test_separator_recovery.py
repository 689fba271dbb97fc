"""Labels that may have lost separators, from the record to the decision."""

from collections.abc import Iterable
from datetime import date

from models.charging.snapshot import Shapes
from models.udi.lot_pattern import learn
from rules.labels.separator_recovery import settled
from tests.support.builders import DI, Bench, Outcome, gs1, gtin, item, scan

LOST = f"]d201{DI}17271231" + "10L12345" + "21S1"
"""Lot L12345 and serial S1, or lot L1234521S1."""
CLEAN = gs1(DI, expiry="271231", lot="L12345", serial="S1")
HELD = Outcome("held", ("ambiguous-code",))


def shapes(lots: Iterable[str | None], serials: Iterable[str | None]) -> Shapes:
    lot = serial = None
    for value in lots:
        lot = learn(lot, value)
    for value in serials:
        serial = learn(serial, value)
    assert lot is not None
    assert serial is not None
    return Shapes(lot, serial)


SIX_AND_TWO = shapes([f"L{n}" for n in range(10000, 10020)], [f"S{n}" for n in range(10)] * 2)
TEN_ALONE = shapes([f"L{n}21S{n % 10}" for n in range(10000, 10020)], [None] * 20)
NEITHER = shapes([f"{n}" for n in range(100, 120)], [None] * 20)


def bench(known: Shapes | None, *items: dict[str, object]) -> Bench:
    made = Bench(*items, stocked=False)
    if known is not None:
        made.view.gathered.shapes["GS1", DI] = known
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


def test_without_shapes_a_suspect_label_is_held_with_every_reading() -> None:
    decision = bench(None).decision(1, codes=[LOST])

    assert (decision.verdict, decision.reasons, decision.move) == ("held", ("ambiguous-code",), None)
    assert [(each.lot, each.serial) for each in decision.label.possible] == [("L1234521S1", None), ("L12345", "S1")]


def test_an_identifier_the_catalogue_does_not_hold_is_not_repaired() -> None:
    other = item(identifiers=[{"issuer": "GS1", "di": gtin(77), "units_per_package": 1}])

    assert bench(SIX_AND_TWO, other).scan(1, codes=[LOST]) == HELD


def test_where_nothing_fits_the_identifier_alone_serves_an_item_that_is_not_tracked() -> None:
    assert verdict(bench(NEITHER, item(tracking="none")).scan(1, codes=[LOST])) == ("billed", ("stock-negative",))
    assert bench(NEITHER, item(tracking="lot")).scan(1, codes=[LOST]) == HELD


def test_an_identifier_alone_waits_for_no_other_half() -> None:
    lost = f"]d201{DI}10L1234521S1"

    assert verdict(bench(NEITHER, item(tracking="none")).scan(1, codes=[lost])) == ("billed", ("stock-negative",))


def test_a_held_label_is_decided_again_by_what_is_learned_meanwhile() -> None:
    made = bench(None)
    held = made.decision(1, codes=[LOST])
    assert made.again(held) is None

    made.view.gathered.shapes["GS1", DI] = SIX_AND_TWO

    assert verdict(made.again(held)) == ("billed", ("stock-negative",))


def test_half_a_label_that_lost_its_separator_is_mended_when_its_identifier_comes() -> None:
    made = bench(SIX_AND_TWO)

    first = made.scan(1, codes=["]C11727123110L1234521S1"])
    whole = made.record(scan(2, codes=[f"]C101{DI}"]))[0]

    assert first == Outcome("waiting", ("half-label",))
    assert (whole.label.lot, whole.label.serial, whole.verdict) == ("L12345", "S1", "billed")  # type: ignore[union-attr]


def test_half_a_label_that_lost_its_separator_is_held_when_nothing_is_known() -> None:
    made = bench(None)
    made.scan(1, codes=["]C11727123110L1234521S1"])

    assert made.record(scan(2, codes=[f"]C101{DI}"]))[0].label.ambiguous  # type: ignore[union-attr]


def test_a_text_too_long_for_a_lot_is_read_by_the_shape_of_what_it_holds() -> None:
    serials = shapes([f"L{n}" for n in range(10000, 10020)], [f"S{n:013d}" for n in range(20)])
    long = f"]d201{DI}17271231" + "10L12345" + "21S0000000000001"

    assert label_of(bench(serials), long)[:2] == ("L12345", "S0000000000001")
    assert bench(TEN_ALONE).scan(1, codes=[long]) == HELD
    assert bench(None).scan(1, codes=[long]) == Outcome("refused", ("unreadable-code",))


def test_settling_is_pure() -> None:
    made = bench(SIX_AND_TWO)
    arrival = made.read(scan(1, codes=[LOST]))
    label = arrival.label  # type: ignore[union-attr]

    assert settled(label, "H1", made.view) == settled(label, "H1", made.view)
    assert label.expiry == date(2027, 12, 31)

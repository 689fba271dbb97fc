"""Lost separators: repaired where exactly one reading fits, shown where two may, given up where none does."""

from datetime import date

import pytest

from models.udi import CodeError, Flag, Issuer, Label, read_label
from models.udi.lot_pattern import LotPattern
from rules.labels.rescue import Device, Knowledge, Outcome, Rescue, learn, rescue

SCANNED_ON = date(2026, 6, 1)
DI = "07032069804988"
DEVICE: Device = (Issuer.GS1, DI)


def read(raw: str) -> Label:
    return read_label([raw], scanned_on=SCANNED_ON)


def knowing(lots: list[str | None], serials: list[str | None]) -> Knowledge:
    lot_pattern, serial_pattern = LotPattern(), LotPattern()
    for lot in lots:
        lot_pattern = learn(lot_pattern, lot)
    for serial in serials:
        serial_pattern = learn(serial_pattern, serial)
    return Knowledge({DEVICE}, {DEVICE: lot_pattern}, {DEVICE: serial_pattern})


LOTS: list[str | None] = [f"L{number:03d}" for number in range(20)]
SERIALS: list[str | None] = [f"S{number:05d}" for number in range(20)]
NO_SERIALS: list[str | None] = [None] * 20


def test_the_only_reading_that_fits_is_taken_and_flagged() -> None:
    label = read(f"01{DI}17271231" + "10L777" + "21S00042")

    decision = rescue(label, knowing(LOTS, SERIALS))

    assert decision.outcome is Outcome.REPAIRED
    assert (decision.label.di, decision.label.lot, decision.label.serial) == (DI, "L777", "S00042")
    assert decision.label.expiry == date(2027, 12, 31)
    assert decision.label.error is None
    assert set(decision.label.flags) == {Flag.SUSPECT_MISSING_SEPARATOR, Flag.SEPARATOR_RESTORED}
    assert decision.label.codes == label.codes


def test_a_date_swallowed_by_a_lot_is_found() -> None:
    decision = rescue(read(f"01{DI}10L777" + "17271231"), knowing(LOTS, NO_SERIALS))

    assert (decision.outcome, decision.label.lot, decision.label.expiry) == (
        Outcome.REPAIRED, "L777", date(2027, 12, 31),
    )  # fmt: skip


def test_the_reading_without_a_lost_separator_is_accepted_when_only_it_fits() -> None:
    label = read(f"01{DI}10L21A")

    decision = rescue(label, knowing([f"L{number}A" for number in range(10, 30)], NO_SERIALS), losing=True)

    assert (decision.outcome, decision.label) == (Outcome.ACCEPTED, label)


def test_two_readings_that_fit_are_both_shown() -> None:
    label = read(f"01{DI}10L7721S2121S0042")
    lots: list[str | None] = [*("L77",) * 10, *("L7721S21",) * 10]
    serials: list[str | None] = [*("S2121S0042",) * 10, *("S0042",) * 10]

    decision = rescue(label, knowing(lots, serials))

    assert decision.outcome is Outcome.AMBIGUOUS
    assert decision.label == label
    assert {(reading.lot, reading.serial) for reading in decision.readings} >= {
        ("L77", "S2121S0042"), ("L7721S21", "S0042"),
    }  # fmt: skip


def test_a_reading_that_is_merely_possible_stops_the_repair() -> None:
    """One fits, but another may be a new series: a person decides."""
    label = read(f"01{DI}10L77" + "2121" + "S0042")
    lots: list[str | None] = [f"L{number:02d}" for number in range(10, 99, 4)]
    serials: list[str | None] = [f"21S{number:04d}" for number in range(20)]

    decision = rescue(label, knowing([*lots, "L7721"], [*serials, "S0042"]))

    assert decision.outcome is Outcome.AMBIGUOUS
    assert len(decision.readings) > 1


def test_when_none_fits_the_identifier_stands_alone() -> None:
    label = read(f"01{DI}17271231" + "10ABCDEFGHIJK21XYZ")

    decision = rescue(label, knowing(LOTS, SERIALS), losing=True)

    assert decision.outcome is Outcome.IDENTIFIER_ALONE
    assert (decision.label.di, decision.label.lot, decision.label.serial) == (DI, None, None)
    assert decision.label.expiry == date(2027, 12, 31)
    assert Flag.IDENTIFIER_ALONE in decision.label.flags


def dated(lots: list[str | None], expiries: list[bool | None]) -> Knowledge:
    """No serials; of each lot whether its label had an expiry."""
    pattern = LotPattern()
    for lot, has_expiry in zip(lots, expiries, strict=True):
        pattern = learn(pattern, lot, dated=has_expiry)
    return Knowledge({DEVICE}, {DEVICE: pattern}, {DEVICE: LotPattern(absent=len(lots))})


@pytest.mark.parametrize(
    ("expiries", "outcome"),
    [
        ([True] * 20, Outcome.REPAIRED),
        ([True] * 19 + [False], Outcome.UNTOUCHED),
        ([None] * 20, Outcome.UNTOUCHED),
        ([None] * 17 + [True] * 3, Outcome.REPAIRED),
        ([None] * 18 + [True] * 2, Outcome.UNTOUCHED),
    ],
)
def test_a_label_without_the_expiry_that_all_others_have_has_lost_a_separator(
    expiries: list[bool | None], outcome: Outcome
) -> None:
    lots: list[str | None] = ["L17", *(f"L17{number:08d}" for number in range(3)), *("L17",) * 16]

    decision = rescue(read(f"01{DI}10L17" + "17271231"), dated(lots, expiries))

    assert decision.outcome is outcome


def test_plates_whose_lots_hold_what_reads_as_an_expiry_are_taken_as_read_though_the_box_has_one() -> None:
    boxes = LotPattern()
    for number in range(20):
        boxes = learn(boxes, f"A1725{number + 100:04d}", doubted=True, dated=True)
    label = read(f"01{DI}10A17250110")

    assert boxes.always_dated
    assert rescue(label, Knowledge({DEVICE}, {DEVICE: boxes}, {DEVICE: LotPattern(absent=20)})).label is label


@pytest.mark.parametrize(("labels", "outcome"), [(2, Outcome.UNTOUCHED), (3, Outcome.AMBIGUOUS), (8, Outcome.REPAIRED)])
def test_a_few_labels_of_another_form_are_enough_to_doubt_one_and_more_to_repair_it(
    labels: int, outcome: Outcome
) -> None:
    decision = rescue(read(f"01{DI}17271231" + "10L77721S00042"), knowing(LOTS[:labels], SERIALS[:labels]))

    assert decision.outcome is outcome


@pytest.mark.parametrize("knowledge", [Knowledge(), Knowledge({DEVICE}), knowing([], [])])
def test_without_a_learned_pattern_only_a_scanner_that_loses_separators_makes_a_label_ambiguous(
    knowledge: Knowledge,
) -> None:
    label = read(f"01{DI}10L77721S00042")

    decision = rescue(label, knowledge, losing=True)

    assert rescue(label, knowledge) == Rescue(Outcome.UNTOUCHED, label)
    assert (decision.outcome, decision.label) == (Outcome.AMBIGUOUS, label)
    assert decision.readings == (label, *label.alternatives)


def test_a_text_that_cannot_be_read_is_evidence_enough() -> None:
    label = read(f"01{DI}10L777" + "11251231" + "17271231" + "21S00042")

    assert rescue(label, Knowledge()) == Rescue(Outcome.AMBIGUOUS, label, label.alternatives)


def test_a_new_series_that_is_merely_cuttable_stands_as_read() -> None:
    """The pattern rules it out, but nothing else fits: no evidence of a loss."""
    label = read(f"01{DI}10LOT-22110321")

    assert label.alternatives
    assert rescue(label, knowing(LOTS, NO_SERIALS)) == Rescue(Outcome.UNTOUCHED, label)


def test_labels_that_were_taken_as_read_before_make_their_like_ordinary() -> None:
    label = read(f"01{DI}10L77721S00042")
    known = knowing(LOTS, SERIALS)
    lots, serials = known.lots[DEVICE], known.serials[DEVICE]
    for number in range(3):
        lots, serials = learn(lots, f"L77{number}21S0004{number}", doubted=True), learn(serials, None, doubted=True)

    assert rescue(label, known).outcome is Outcome.REPAIRED
    assert rescue(label, Knowledge({DEVICE}, {DEVICE: lots}, {DEVICE: serials})).outcome is Outcome.UNTOUCHED
    assert (
        rescue(label, Knowledge({DEVICE}, {DEVICE: lots}, {DEVICE: serials}), losing=True).outcome is Outcome.REPAIRED
    )


def test_an_identifier_the_catalogue_does_not_hold_is_not_repaired() -> None:
    known = knowing(LOTS, SERIALS)

    unlisted = Knowledge((), known.lots, known.serials)

    assert rescue(read(f"01{DI}10L77721S00042"), unlisted, losing=True).outcome is Outcome.AMBIGUOUS
    assert rescue(read(f"01{DI}10L77721S00042"), unlisted).outcome is Outcome.UNTOUCHED


def test_a_value_too_long_for_its_element_can_be_repaired() -> None:
    label = read(f"01{DI}10L777" + "11251231" + "17271231" + "21S00042")
    assert label.error is CodeError.TOO_LONG

    decision = rescue(label, knowing(LOTS, SERIALS))

    assert (decision.outcome, decision.label.error) == (Outcome.REPAIRED, None)
    assert (decision.label.lot, decision.label.serial, decision.label.expiry) == ("L777", "S00042", date(2027, 12, 31))


def test_too_long_without_any_reading_leaves_the_identifier() -> None:
    label = read(f"]d201{DI}10" + "A" * 30)

    decision = rescue(label, knowing(LOTS, NO_SERIALS))

    assert (decision.outcome, decision.label.di, decision.label.lot) == (Outcome.IDENTIFIER_ALONE, DI, None)


def test_an_identifier_behind_a_lost_separator_is_found() -> None:
    label = read("]d210L77717271231" + f"01{DI}")

    decision = rescue(label, knowing(LOTS, NO_SERIALS))

    assert (decision.outcome, decision.label.di, decision.label.lot) == (Outcome.REPAIRED, DI, "L777")


def test_nothing_expires_before_it_is_made() -> None:
    label = read(f"01{DI}11270101" + "10L777" + "17260101")

    decision = rescue(label, knowing([*LOTS, "L77717260101"], NO_SERIALS))

    assert all(reading.expiry is None for reading in (decision.label, *decision.readings))


@pytest.mark.parametrize(
    "raw",
    [
        f"]d201{DI}17271231" + "10L777\x1d21S00042",
        f"01{DI}17271231" + "10L777",
        "]d20107032069804987" + "10L77721S1",
        "HC20240300012",
        "",
        "+A123BJC5D6E71G",
    ],
)
def test_a_label_that_is_not_suspected_comes_back_untouched(raw: str) -> None:
    label = read(raw)

    decision = rescue(label, knowing(LOTS, SERIALS))

    assert (decision.outcome, decision.label) == (Outcome.UNTOUCHED, label)


def test_a_contradictory_label_is_not_repaired() -> None:
    label = read_label([f"01{DI}10L77721S00042", "]C10105901234123457"], scanned_on=SCANNED_ON)

    assert rescue(label, knowing(LOTS, SERIALS)).outcome is Outcome.UNTOUCHED


def test_a_wrong_check_digit_is_never_rescued() -> None:
    label = read_label([f"01{DI}10L77721S00042", "]C10105901234123456"], scanned_on=SCANNED_ON)

    assert rescue(label, knowing(LOTS, SERIALS)).label.error is CodeError.BAD_CHECK_DIGIT

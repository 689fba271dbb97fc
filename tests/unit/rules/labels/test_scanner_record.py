"""A scanner is noticed by what its labels show, and cleared by a label with a separator."""

from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_origin

import pytest
from pydantic import ValidationError

from models.scan.scanners import Scanner, ScannerRecord, Scanners, scanner_fact
from models.udi import read_label
from models.udi.canonical import gtin
from models.web.gateway import FoundSetUp
from rules.labels.scanner_record import NOTICED_AT, Seen, Shown, Watch, shown_by, watched

START = datetime(2026, 6, 1, tzinfo=UTC)
DAY = date(2026, 6, 1)
DI = "07032069804988"


def at(hours: int) -> datetime:
    return START + timedelta(hours=hours)


def record(*shown: tuple[Shown, str], first: int = 0, before: Watch | None = None) -> tuple[Watch, list[ScannerRecord]]:
    """Labels an hour apart: what each shows, and its identifier."""
    watch, records = before or Watch(), []
    for hours, (each, di) in enumerate(shown, first):
        watch, found = watched(watch, Seen("H1", "gun1", at(hours), di, each))
        records += [found] if found else []
    return watch, records


def losing(since: int | None, known_from: int) -> ScannerRecord:
    return ScannerRecord(
        hospital="H1", device_id="gun1", known_from=at(known_from), losing=True,
        since=None if since is None else at(since),
    )  # fmt: skip


@pytest.mark.parametrize("field", ["prefix", "suffix", "separators", "key_map"])
@pytest.mark.parametrize(("typed", "taken"), [("\x1d", True), ("\x00", False)])
def test_a_profile_holds_what_keys_can_type(field: str, typed: str, taken: bool) -> None:
    found = FoundSetUp.model_fields[field].annotation
    shapes: dict[Any, Any] = {list: [typed], dict: {typed: typed}}
    value = shapes.get(get_origin(found), typed)
    said = {"sends_separators": True, "drops_separators": False, field: value}
    with nullcontext() if taken else pytest.raises(ValidationError):
        FoundSetUp.model_validate(said)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"]d201{DI}17271231" + "10L12345" + "21S0000000000001", Shown.LOST),
        (f"]d201{DI}10L12345" + "17271231", Shown.NOTHING),
        (f"]d201{DI}10A17250110", Shown.NOTHING),
        (f"]d201{DI}17271231" + "10L123456721S1234567", Shown.NOTHING),
        (f"]d201{DI}17271231" + "10L2103", Shown.NOTHING),
        (f"]d201{DI}17271231" + "10L303", Shown.WHOLE),
        (f"]d201{DI}17271231", Shown.NOTHING),
        (f"(01){DI}(10)L2103", Shown.NOTHING),
        (f"]d201{DI}10" + "A" * 21, Shown.NOTHING),
    ],
)
def test_what_a_label_shows_of_its_scanner(text: str, shown: Shown) -> None:
    assert shown_by(read_label([text], scanned_on=DAY), sent=False) is shown
    assert shown_by(read_label([text], scanned_on=DAY), sent=True) is Shown.SENT
    assert shown_by(read_label([text], scanned_on=DAY), sent=False, restored=True) is Shown.LOST


def test_two_identifiers_that_can_only_have_lost_a_separator_are_enough() -> None:
    assert record((Shown.LOST, "A"))[1] == []
    assert record((Shown.LOST, "A"), (Shown.LOST, "B"))[1] == [losing(None, 0)]


def test_one_makers_labels_without_separators_take_longer() -> None:
    assert record(*[(Shown.LOST, "A")] * 2)[1] == []
    assert len(record(*[(Shown.LOST, "A")] * 3)[1]) == 1


def test_makers_whose_lots_can_be_cut_never_make_a_scanner_faulty() -> None:
    lots = ("L2103", "10LG212201", "22210301", "LOT20210601AB1", "202103045678", "L123456721S1234567")
    texts = [(gtin(f"{n:013d}"), lot) for n in range(40) for lot in lots]
    labels = [(read_label([f"]d201{di}1727123110{lot}"], scanned_on=DAY), di) for di, lot in texts]

    assert all(label.alternatives for label, _ in labels)
    assert record(*[(shown_by(label, sent=False), di) for label, di in labels]) == (Watch(), [])


def test_plates_without_an_expiry_whose_lots_hold_what_reads_as_one_never_make_a_scanner_faulty() -> None:
    lots = ("A17250110", "B17271231", "10LG17261130", "A1728010121X9")
    texts = [(gtin(f"{n:013d}"), lot) for n in range(1, 41) for lot in lots]
    labels = [(read_label([f"]d201{di}10{lot}"], scanned_on=DAY), di) for di, lot in texts]

    assert all(any(other.expiry for other in label.alternatives) for label, _ in labels)
    assert record(*[(shown_by(label, sent=False), di) for label, di in labels]) == (Watch(), [])


def test_lots_that_cannot_be_cut_speak_for_a_scanner() -> None:
    whole = [(Shown.WHOLE, f"W{n}") for n in range(4)]

    assert record(*[(Shown.LOST, "A"), *whole, (Shown.LOST, "B")])[1] == []
    assert len(record((Shown.LOST, "A"), (Shown.LOST, "B"), *whole)[1]) == 1


def test_a_label_with_a_separator_clears_the_record() -> None:
    watch, records = record((Shown.LOST, "A"), (Shown.SENT, "B"), (Shown.LOST, "A"))

    assert (records, watch.score, watch.sent_at) == ([], 6, at(1))
    assert record((Shown.LOST, "B"), first=3, before=watch)[1] == [losing(1, 2)]


def test_a_mended_scanner_is_trusted_from_its_first_separator_on() -> None:
    watch, records = record((Shown.LOST, "A"), (Shown.LOST, "B"), (Shown.LOST, "C"), (Shown.SENT, "A"))

    assert [(each.losing, each.known_from) for each in records] == [(True, at(0)), (False, at(3))]
    assert watch == Watch(sent_at=at(3))


def test_labels_that_come_late_change_nothing_that_is_newer() -> None:
    watch, _ = record((Shown.LOST, "A"), (Shown.LOST, "B"))
    assert watched(watch, Seen("H1", "gun1", at(-5), "A", Shown.SENT)) == (watch, None)

    mended, _ = record((Shown.SENT, "A"), first=9, before=watch)
    assert watched(mended, Seen("H1", "gun1", at(8), "C", Shown.LOST)) == (mended, None)


def test_a_record_counts_from_its_instant_and_a_persons_profile_goes_before_it() -> None:
    scanners = Scanners()
    scanners.put(losing(None, 3), 1)
    scanners.put(ScannerRecord(hospital="H1", device_id="gun1", known_from=at(9), losing=False), 2)

    assert [scanners.loses_separators("H1", "gun1", at(hours)) for hours in (2, 3, 8, 9)] == [False, True, True, False]
    assert not scanners.loses_separators("H1", "gun2", at(4))
    scanners.put(Scanner(hospital="H1", device_id="gun1", known_from=at(4), sends_separators=True), 3)
    assert [scanners.loses_separators("H1", "gun1", at(hours)) for hours in (3, 4)] == [True, False]
    assert scanners.profile("H1", "gun1", at(3)).name == "default"


def test_profiles_and_records_are_told_apart_in_the_books() -> None:
    profile = Scanner(hospital="H1", device_id="gun1", known_from=at(0), separators=["_"])

    assert scanner_fact(profile.model_dump_json()) == profile
    assert scanner_fact(losing(1, 2).model_dump_json()) == losing(1, 2)
    assert NOTICED_AT == 12

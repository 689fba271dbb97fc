"""The label says what the truth says: every code written is read back by the product's reader."""

from collections import Counter
from datetime import date
from functools import cache

import pytest

from models.charging.books import LabelFacts, label_facts
from models.scan.event import ScanEvent
from models.scan.reading import read_scan
from models.udi import CHECK_ERRORS, read_label
from rules.labels.rescue import certain_device
from rules.labels.scanner_record import Seen, Watch, shown_by, watched
from streams.simulator import Hospital, Plan
from streams.simulator.clock import instant
from streams.simulator.hospital.catalogue import real_labels
from streams.simulator.hospital.lots import LOTS, SERIALS, could_be, length_of, templates_for
from streams.simulator.ward.lossy import DEVICE
from streams.simulator.ward.scanned import Kind, Scan, key_of, value_of

PLAN = Plan(seed=5, months=2, scans=12_000, dirt=0.7)
DAY = date(2021, 7, 1)


@cache
def world() -> tuple[Hospital, list[list[Scan]]]:
    """The hospital of the plan and what it scans month by month, for tests that only look."""
    hospital = Hospital(PLAN)
    return hospital, [list(hospital.scans_of(index)) for index in range(PLAN.months)]


def read(codes: list[str], day: date) -> LabelFacts:
    return label_facts(read_label(codes, scanned_on=day))


def agrees(scan: Scan, label: LabelFacts) -> bool:
    """Whether the label was read as what it is."""
    if scan.kind is Kind.CODE and scan.reason != "ambiguous-code":
        return {
            "bad-check-digit": label.error in CHECK_ERRORS,
            "no-device-identifier": label.di is None and label.error is None and not label.half,
        }.get(scan.reason or "", label.error is not None)
    if scan.device.endswith(DEVICE) or scan.doubt is not None:
        return label.suspect is not None or "\x1d" in "".join(scan.codes or ())
    if scan.kind is Kind.HALF_REST:
        return label.half and label.di is None and not label.ambiguous
    unit = scan.unit
    assert unit is not None
    if scan.kind is Kind.HALF_IDENTIFIER:
        return label.half and (label.issuer, label.di) == unit.key[:2]
    if unit.goods.issuer == "internal":
        return label.text == unit.di
    read_as = (label.issuer, label.di, label.lot, label.serial)
    expiry = None if label.expiry is None else label.expiry.toordinal()
    return read_as == unit.key and expiry == unit.expiry and not (label.half or label.ambiguous or label.error)


def test_every_label_is_read_as_what_it_stands_for() -> None:
    seen: Counter[Kind] = Counter()
    for scans in world()[1]:
        for scan in scans:
            event = read_scan(key_of(scan, "H1"), value_of(scan, "H1"), instant(scan.arrives))
            if scan.kind in {Kind.POISON, Kind.REPEAT} or scan.codes is None:
                continue
            assert isinstance(event, tuple)
            assert isinstance(event[0], ScanEvent)
            label = read(scan.codes, event[0].scanned_at.date())
            assert agrees(scan, label), (scan.codes, label)
            seen[scan.kind] += 1
    assert set(seen) == {Kind.WHOLE, Kind.HALF_IDENTIFIER, Kind.HALF_REST, Kind.CODE}


def test_real_label_texts_are_read_as_the_file_says() -> None:
    kinds = real_labels()
    for row in kinds["goods"]:
        label = read([row["text"]], DAY)
        expiry = None if label.expiry is None else label.expiry.isoformat()
        found = (label.issuer, label.di, label.lot, label.serial, expiry, label.error, label.ambiguous)
        assert found == (row["issuer"], row["di"], row["lot"], row["serial"], row["expiry"], None, False)
    assert all(read([row["text"]], DAY).error is not None for row in kinds["refused"])
    assert all(read([row["text"]], DAY).suspect is not None for row in kinds["ambiguous"])
    assert {read([row["text"]], DAY).di for row in kinds["belongs"] + kinds["no-identifier"]} == {None}


def test_a_scanner_that_loses_separators_is_noticed_by_the_last_label_of_the_month_it_fails_in() -> None:
    watches, noticed = dict[str, Watch](), dict[int, list[str]]()
    for index, all_scans in enumerate(world()[1]):
        scans = [scan for scan in all_scans if scan.device.endswith(DEVICE) and scan.codes]
        for scan in sorted(scans, key=lambda scan: scan.at):
            day = instant(scan.at).date()
            label = read_label(scan.codes or (), scanned_on=day)
            shown = shown_by(label, sent="\x1d" in "".join(scan.codes or ()))
            device = certain_device(label)
            seen = Seen("H1", scan.device, instant(scan.at), device[1] if device else None, shown)
            watches[scan.device], record = watched(watches.get(scan.device, Watch()), seen)
            if record is not None and record.losing:
                assert scan is max(scans, key=lambda scan: (scan.device == seen.device_id, scan.at))
                noticed.setdefault(index, []).append(scan.device)
    assert noticed == {0: ["orth-gun9"], 1: ["card-gun9"]}


def test_the_goods_of_the_hospital_have_real_kinds_of_lots_and_serials() -> None:
    hospital, months = world()
    lots = {goods.lot for goods in hospital.goods() if goods.issuer == "GS1"}
    assert lots >= {template for _, template in LOTS}
    swallowed = [goods for goods in hospital.goods() if goods.rare]
    for scans in months:
        for scan in scans:
            unit = scan.unit
            if unit is not None and unit.lot is not None and not unit.goods.texts and unit.goods not in swallowed:
                assert could_be(unit.goods.lot, unit.lot)


@pytest.mark.parametrize(("issuer", "longest"), [("GS1", 20), ("HIBCC", 18), ("MA", 18)])
def test_each_issuer_has_templates_that_fit_its_codes(issuer: str, longest: int) -> None:
    templates = [*templates_for(LOTS, issuer), *templates_for(SERIALS, issuer)]
    assert len(templates) > 20
    assert max(map(length_of, templates)) == longest

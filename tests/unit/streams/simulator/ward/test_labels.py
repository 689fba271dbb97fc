"""The label says what the truth says: every code written is read back by the product's reader."""

from collections import Counter
from datetime import date

from models.charging.books import LabelFacts, label_facts
from models.scan.event import ScanEvent, read_scan
from models.udi import CHECK_ERRORS, read_label
from streams.simulator import Hospital, Plan
from streams.simulator.clock import instant
from streams.simulator.hospital.catalogue import real_labels
from streams.simulator.ward.scanned import Kind, Scan, key_of, value_of

PLAN = Plan(seed=5, months=2, scans=12_000, dirt=0.7)
DAY = date(2021, 7, 1)


def read(codes: list[str], day: date) -> LabelFacts:
    return label_facts(read_label(codes, scanned_on=day))


def agrees(scan: Scan, label: LabelFacts) -> bool:
    """Whether the label was read as what it is."""
    if scan.kind is Kind.CODE:
        return {
            "bad-check-digit": label.error in CHECK_ERRORS,
            "no-device-identifier": label.di is None and label.error is None and not label.half,
        }.get(scan.reason or "", label.error is not None)
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
    hospital = Hospital(PLAN)
    for index in range(PLAN.months):
        for scan in hospital.scans_of(index):
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

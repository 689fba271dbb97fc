"""Codes that give nothing to act on, real label texts, and records that are no scan events at all."""

from collections.abc import Callable
from typing import Any, Final

import orjson

from streams.simulator.clock import HOUR, MINUTE
from streams.simulator.hospital.catalogue import real_labels
from streams.simulator.hospital.goods import RealText, Unit
from streams.simulator.ward.desk import Desk
from streams.simulator.ward.labels import misread, swallowed
from streams.simulator.ward.scanned import Kind, Scan, body
from streams.simulator.ward.stories import Story, countable, used

LOT_MAX: Final = 20
GARBAGE_BYTES: Final = 950_000
"""Above the product's limit for a record and below Kafka's."""


def wrong_check_digit(desk: Desk, day: int) -> None:
    """A digit is misread; most scan again, naming the refused scan."""
    department = desk.department()
    unit = desk.unit(countable(desk), day)
    scan = desk.bare(desk.moment(day), "use", department, [misread(unit)], "bad-check-digit")
    scan.stay = desk.wards.in_house(department, day)
    if desk.chance.below(3):
        again = used(desk, day, unit=unit, department=department, stay=scan.stay, at=scan.at + MINUTE)
        again.corrects = scan.scan_id


def lost_separator(desk: Desk, day: int) -> None:
    """The separator is lost once. Nothing speaks against the scanner, so the lot is what the standard reads.

    A lot of more than 20 characters is none: then the use is charged without its lot.
    """
    unit = desk.unit(desk.chance.pick(desk.shelf.rare), day)
    text = swallowed(unit)
    lot = text[text.index(unit.di) + len(unit.di) + 2 :]
    if len(lot) <= LOT_MAX:
        used(desk, day, unit=Unit(unit.goods, 0, lot)).codes = [text]
        return
    scan = used(desk, day, unit=Unit(unit.goods))
    scan.codes, scan.doubt = [text], "lot-uncertain"


def no_identifier(desk: Desk, day: int) -> None:
    """A logistic label, or half a label of some other make."""
    department = desk.department()
    label = desk.chance.pick(real_labels()["no-identifier"] + real_labels()["belongs"])
    scan = desk.bare(desk.slot(department, day), "use", department, [label["text"]], "no-device-identifier")
    scan.stay, scan.device = desk.wards.in_house(department, day), department.pairing_device
    if label["kind"] == "belongs":
        scan.kind = Kind.HALF_REST


def refused_text(desk: Desk, day: int) -> None:
    """A text that is no code anyone can read."""
    label = desk.chance.pick(real_labels()["refused"])
    department = desk.department()
    scan = desk.bare(desk.moment(day), "use", department, [label["text"]], label["reason"])
    scan.stay = desk.wards.in_house(department, day)


def real_label(desk: Desk, day: int) -> None:
    """A real label text is received, counted, thrown away; or used, and then taken back so that its serial is free.

    A unit with a serial comes into the house once: what would be its second receipt is a count.
    """
    chance, department = desk.chance, desk.department()
    goods = chance.pick(desk.shelf.real)
    text = chance.pick(goods.texts)
    unit = Unit(goods, 0, text.lot, text.serial, text.expiry)
    store = chance.pick(department.stores)
    free = text.serial is None and not text.half
    action = chance.pick(("use", "use", "receive", "waste") if free else ("receive", "count", "waste", "opened"))
    if action == "receive" and text.serial is not None:
        action = "count" if (goods.code, text.serial) in desk.received else action
        desk.received.add((goods.code, text.serial))
    scan = desk.scan(desk.moment(day), action, department, store, unit)
    scan.codes = [text.text]
    if action == "use":
        scan.stay = desk.wards.in_house(department, day)
    if text.half:
        _alone(desk, scan, day)


def real_serials(desk: Desk, day: int) -> None:
    """Once a month the serial-numbered units of the real labels are used, each by one of its texts."""
    for goods in desk.shelf.real:
        by_serial: dict[str, list[RealText]] = {}
        for text in goods.texts:
            if text.serial is not None:
                by_serial.setdefault(text.serial, []).append(text)
        for texts in by_serial.values():
            text = texts[desk.index % len(texts)]
            use = used(desk, day, unit=Unit(goods, 0, text.lot, text.serial, text.expiry))
            use.codes = [text.text]
            back = desk.scan(use.at + HOUR, "return", use.department, use.store, use.unit or Unit(goods))
            back.stay, back.corrects, back.codes = use.stay, use.scan_id, [text.text]


def _alone(desk: Desk, scan: Scan, day: int) -> None:
    scan.kind, scan.device, scan.at = (
        Kind.HALF_IDENTIFIER,
        scan.department.pairing_device,
        desk.slot(scan.department, day),
    )
    scan.arrives = scan.at + 1000


def poison(desk: Desk, day: int) -> None:
    """A record that is no scan event."""
    number = desk.chance.below(len(POISONS))
    reason, spoil = POISONS[number]
    scan = _poisoned(desk, day, reason)
    scan.raw = spoil(_event(desk, scan))
    if reason == "key-mismatch":
        scan.key = f"{desk.plan.hospital}/E-of-another".encode()


def garbage(desk: Desk, day: int) -> None:
    """Nearly a megabyte of it; once in a run."""
    block = bytes(desk.chance.below(256) for _ in range(950))
    _poisoned(desk, day, "too-large").raw = block * (GARBAGE_BYTES // len(block))


def _poisoned(desk: Desk, day: int, reason: str) -> Scan:
    department = desk.department()
    unit = desk.unit(countable(desk), day)
    scan = desk.scan(desk.moment(day), "use", department, department.stores[0], unit)
    scan.stay, scan.reason = desk.wards.in_house(department, day), reason
    scan.key = f"{desk.plan.hospital}/{scan.stay.code}".encode() if desk.chance.below(3) else None
    scan.kind = Kind.POISON
    return scan


def _event(desk: Desk, scan: Scan) -> dict[str, Any]:
    return body(scan, desk.plan.hospital)


def _with(**changes: Any) -> Callable[[dict[str, Any]], bytes]:
    return lambda event: orjson.dumps(event | changes)


def _without(name: str) -> Callable[[dict[str, Any]], bytes]:
    return lambda event: orjson.dumps({key: value for key, value in event.items() if key != name})


def _text(old: bytes, new: bytes) -> Callable[[dict[str, Any]], bytes]:
    return lambda event: orjson.dumps(event).replace(old, new)


POISONS: Final[tuple[tuple[str, Callable[[dict[str, Any]], bytes | None]], ...]] = (
    ("not-json", lambda _: None),
    ("not-json", lambda _: b""),
    ("not-json", lambda _: b"\x00\x01\xfe\xff"),
    ("not-json", lambda event: orjson.dumps(event)[:-9]),
    ("not-json", _text(b'"quantity":1', b'"quantity":NaN')),
    ("not-json", _text(b'"schema"', b'"\xff\xfe"')),
    ("bad-event", lambda _: b"[]"),
    ("bad-event", lambda _: b'"udi.scan/1"'),
    ("bad-event", _with(schema="udi.scan/9")),
    ("bad-event", _with(quantity=0)),
    ("bad-event", _with(quantity="1")),
    ("bad-event", _with(quantity=1.5)),
    ("bad-event", _with(quantity=True)),
    ("bad-event", _with(quantity=-3)),
    ("bad-event", _with(action="sell")),
    ("bad-event", _with(action="transfer", to_store=None)),
    ("bad-event", _with(entry="manual", reason=None)),
    ("bad-event", _with(item_code="H00001")),
    ("bad-event", _with(codes=[])),
    ("bad-event", _with(codes="010690")),
    ("bad-event", _with(codes=[7])),
    ("bad-event", _with(scan_id="17")),
    ("bad-event", _with(store="OR\u0000-2")),
    ("bad-event", _with(scanned_at="1900-01-01T08:00:00+08:00")),
    ("bad-event", _with(scanned_at="2099-01-01T08:00:00+08:00")),
    ("bad-event", _with(scanned_at="2021-06-03T08:15:30")),
    ("bad-event", _with(scanned_at="yesterday")),
    ("bad-event", _without("hospital")),
    ("bad-event", _without("scan_id")),
    ("bad-event", _without("store")),
    ("bad-event", _text(b'"quantity":1', b'"quantity":1,"quantity":100')),
    ("key-mismatch", orjson.dumps),
)
"""Why each is refused, and how it is made of a good event."""

MISHAPS: Final[tuple[tuple[int, Story], ...]] = (
    (40, wrong_check_digit), (25, lost_separator), (25, no_identifier), (60, refused_text), (130, real_label),
    (60, poison),
)  # fmt: skip
"""In 10,000 stories so many of each, as in `stories.STORIES`."""

"""Whose goods a receipt brings, and what goods that move cost: by the delivery note, else by the catalogue.

References:
    docs/store.md, "Goods-in".
"""

from datetime import date
from typing import NamedTuple

from models.catalogue.item import OWNER_HOSPITAL, Item
from models.charging.books import LabelFacts, RecordedScan
from models.charging.costs import cost_key
from models.charging.effects import Brought
from models.money import parse_price
from models.scan.event import ScanEvent
from models.stock.delivery import Delivery, DeliveryLine
from models.stock.recall import plain
from rules.catalogue.joining import cost_on
from rules.stock.moving import owners_of
from rules.view import View


class Receipt(NamedTuple):
    """What is received, by its delivery note and the catalogue."""

    owner: str
    """Whose the goods are: `hospital`, or a supplier's id."""
    cost: int | None
    """1/10,000 yuan a unit; `None` when neither says it."""
    brought: Brought | None
    """What is kept of it for what moves the goods on; `None` when it is what the catalogue says."""


def received(event: ScanEvent, item: Item, label: LabelFacts, day: date, view: View) -> Receipt:
    """Goods that come in: of the note's supplier unless the item is the hospital's, at the cost of the note's line.

    Without a note, or before it came, both are the catalogue's.

    Args:
        event: The receipt.
        item: What it is, by the newest version of the catalogue.
        label: Its lot and serial.
        day: The hospital's day of the receipt.
        view: The books.
    """
    note, listed, owner = view.note(event), cost_on(item, day), owners_of(event, item, view.catalogue)[0]
    line = line_of(note, item, label) if note is not None else None
    if note is not None and owner != OWNER_HOSPITAL and plain(note.supplier) != plain(owner):
        owner = note.supplier
    told = parse_price(line.cost) if line is not None and line.cost is not None else None
    differs = told is not None and told != listed
    kept = differs or noted(event, item, label, owner, view) or owner not in {item.owner, item.supplier}
    brought = Brought(owner, told if differs else None) if kept else None
    return Receipt(owner, listed if told is None else told, brought)


def line_of(note: Delivery, item: Item, label: LabelFacts) -> DeliveryLine | None:
    """The line of a note that a receipt belongs to: of its item, then of its serial, then of its lot.

    Lots and serials are compared without blanks and capitals. Of several lines for the same goods it is the first:
    `udi.delivery_part` says which of them the units fill.
    """
    lines = [each for each in note.lines if _is_of(each, item) and _fits(each, label)]
    return min(lines, key=lambda each: (each.serial is None, each.lot is None, len(each.line), each.line), default=None)


def _is_of(line: DeliveryLine, item: Item) -> bool:
    if line.item_code is not None:
        return line.item_code == item.item_code
    return any((str(issuer), di) == (line.issuer, line.di) for issuer, di, _ in item.identifiers)


def _fits(line: DeliveryLine, label: LabelFacts) -> bool:
    pairs = ((line.serial, label.serial), (line.lot, label.lot))
    return all(said is None or (read is not None and plain(said) == plain(read)) for said, read in pairs)


def noted(event: ScanEvent, item: Item, label: LabelFacts, owner: str, view: View) -> bool:
    """Whether a delivery note ever said what such goods cost."""
    return view.noted_cost(cost_key(event.hospital, item.item_code, owner, label), date.max)[0]


def cost_of(  # noqa: PLR0917 -- what is known of the goods
    event: ScanEvent, item: Item, label: LabelFacts, owner: str, day: date, view: View
) -> int | None:
    """What a unit of goods that move cost on the day, in 1/10,000 yuan: as they came, else by the catalogue."""
    _, told = view.noted_cost(cost_key(event.hospital, item.item_code, owner, label), day)
    return cost_on(item, day) if told is None else told


def brought_again(subject: RecordedScan, item: Item, label: LabelFacts, owner: str, view: View) -> Brought | None:
    """What is kept of a receipt that turns out to be of another lot or serial: what was kept of it under `label`."""
    known, told = view.noted_cost(cost_key(subject.event.hospital, item.item_code, owner, label), subject.day)
    return Brought(owner, told) if known else None

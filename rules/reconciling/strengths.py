"""What speaks for a line being the charge of a use, the strongest first.

| | strength | the two have in common |
|---|---|---|
| 1 | billing | the line names the charge (`billing_id`), or one the charge took the place of |
| 2 | serial | item and serial; quantity and money too before others |
| 3 | lot | item, lot, quantity and money |
| 4 | money | item, quantity and money |
| 5 | quantity | item and quantity; the price differs |
| 6 | item | item; the quantity differs; of one price before others |
| 7 | insurance code | insurance code and quantity, within `CODE_WINDOW`; the item differs |
| 8 | lot of another item | lot and quantity, within `CODE_WINDOW`; the item differs |
| 9 | second | quantity, and use and service are of one second; the item differs |
| 10 | money and time | quantity and money, within `CODE_WINDOW`; the item differs |

Each is a key that both must have: who has the same key is alike, and among those the nearest in time are paired. The
first strength is asked in `rules.reconciling.matching`.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import timedelta

from models.reconciling.differences import Line, Use

CODE_WINDOW = timedelta(hours=24)
"""How far the service time may lie from the use when the item differs: a day, as hospitals bill by the day. No source:
ours."""

UseKey = Callable[[Use], Hashable]
LineKey = Callable[[Line], Hashable]


@dataclass(frozen=True, slots=True)
class Strength:
    """One step. A key of `None`: this use or line has no say in it."""

    of_use: UseKey
    """What a use is told by at this step."""
    of_line: LineKey
    """What a line is told by at this step; equal keys match."""
    window: timedelta | None = None
    """How far apart in time both may be; `None`: any."""


def _serial_use(use: Use) -> Hashable:
    return (use.item_code, use.serial) if use.item_code is not None and use.serial is not None else None


def _serial_line(line: Line) -> Hashable:
    return (line.item_code, line.serial) if line.serial is not None else None


def _serial_money_use(use: Use) -> Hashable:
    return (_serial_use(use), *_money_use_all(use)) if use.serial is not None else None


def _serial_money_line(line: Line) -> Hashable:
    return (_serial_line(line), *_money_line_all(line)) if line.serial is not None else None


def _money_use_all(use: Use) -> tuple[Hashable, ...]:
    return (use.item_code, use.quantity, use.amount_fen)


def _money_line_all(line: Line) -> tuple[Hashable, ...]:
    return (line.item_code, line.quantity, line.amount_fen)


def _lot_code_use(use: Use) -> Hashable:
    return (use.lot, use.insurance_code, *_money_use_all(use)) if use.lot is not None else None


def _lot_code_line(line: Line) -> Hashable:
    return (line.lot, line.insurance_code, *_money_line_all(line)) if line.lot is not None else None


def _lot_use(use: Use) -> Hashable:
    return (use.lot, *_money_use_all(use)) if use.lot is not None else None


def _lot_line(line: Line) -> Hashable:
    return (line.lot, *_money_line_all(line)) if line.lot is not None else None


def _code_use(use: Use) -> Hashable:
    return (use.insurance_code, *_money_use_all(use))


def _code_line(line: Line) -> Hashable:
    return (line.insurance_code, *_money_line_all(line))


def _codeless_line(line: Line) -> Hashable:
    return _money_line_all(line) if line.insurance_code is None else None


def _price_use(use: Use) -> Hashable:
    return (use.item_code, use.quantity, use.unit_price)


def _price_line(line: Line) -> Hashable:
    return (line.item_code, line.quantity, line.unit_price)


def _quantity_use(use: Use) -> Hashable:
    return (use.item_code, use.quantity)


def _quantity_line(line: Line) -> Hashable:
    return (line.item_code, line.quantity)


def _item_price_use(use: Use) -> Hashable:
    return (use.item_code, use.unit_price)


def _item_price_line(line: Line) -> Hashable:
    return (line.item_code, line.unit_price)


def item_of_use(use: Use) -> Hashable:
    """The item of a use."""
    return use.item_code


def item_of_line(line: Line) -> Hashable:
    """The item of a line."""
    return line.item_code


def _item_lot_use(use: Use) -> Hashable:
    return (use.item_code, use.lot) if use.lot is not None else None


def _item_lot_line(line: Line) -> Hashable:
    return (line.item_code, line.lot) if line.lot is not None else None


def _insurance_use(use: Use) -> Hashable:
    return (use.insurance_code, use.quantity) if use.insurance_code is not None else None


def _insurance_line(line: Line) -> Hashable:
    return (line.insurance_code, line.quantity) if line.insurance_code is not None else None


def _other_lot_use(use: Use) -> Hashable:
    return (use.lot, use.quantity) if use.lot is not None else None


def _other_lot_line(line: Line) -> Hashable:
    return (line.lot, line.quantity) if line.lot is not None else None


def _second_use(use: Use) -> Hashable:
    return (use.quantity, use.scanned_at.replace(microsecond=0))


def _second_line(line: Line) -> Hashable:
    return (line.quantity, line.service_at.replace(microsecond=0))


def _time_use(use: Use) -> Hashable:
    return (use.quantity, use.amount_fen)


def _time_line(line: Line) -> Hashable:
    return (line.quantity, line.amount_fen)


SERIAL = Strength(_serial_use, _serial_line)
ITEM = Strength(item_of_use, item_of_line)
SAME_ITEM = (
    Strength(_serial_money_use, _serial_money_line),
    SERIAL,
    Strength(_lot_code_use, _lot_code_line),
    Strength(_lot_use, _lot_line),
    # The right insurance code before none, and none before a wrong one.
    Strength(_code_use, _code_line),
    Strength(_money_use_all, _codeless_line),
    Strength(_money_use_all, _money_line_all),
    # Money may be a fen off its price where part was credited.
    Strength(_price_use, _price_line),
    Strength(_quantity_use, _quantity_line),
    Strength(_item_price_use, _item_price_line),
    ITEM,
)
"""Strengths 2 to 6."""
TAKEN_BACK = (SERIAL, Strength(_item_lot_use, _item_lot_line), ITEM)
"""For a line being the charge of a use that was taken back, of which neither quantity nor money is known any more."""
OTHER_ITEM = (
    Strength(_insurance_use, _insurance_line, CODE_WINDOW),
    Strength(_other_lot_use, _other_lot_line, CODE_WINDOW),
    Strength(_second_use, _second_line),
    Strength(_time_use, _time_line, CODE_WINDOW),
)
"""Strengths 7 to 10."""

"""A charge line of the simulated HIS: what it says, and its record on the topic."""

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson

from models.ids import made_id
from models.money import fen_text, price_text
from models.wire.topics import HIS_CHARGES
from streams.simulator.account.entries import Entry, fen
from streams.simulator.chance import Chance
from streams.simulator.clock import MINUTE, instant, ordinal_of, stamp
from streams.simulator.hospital.goods import Goods
from streams.simulator.plan import Record


@dataclass(frozen=True, slots=True)
class HisLine:
    """A line as it stands in the HIS."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    line_id: str
    """The HIS's own id of the line."""
    encounter: str
    """Opaque id of the patient's stay."""
    department: str | None
    """Department it is charged to; `None` when it does not say."""
    item_code: str
    """The item's code in the HIS catalogue."""
    insurance_code: str
    """As the HIS charged it."""
    quantity: int
    """Units of use."""
    price: int
    """1/10,000 yuan a unit."""
    at: int
    """Service time in milliseconds."""
    billing_id: UUID | None = None
    """Billing record it was posted from; `None` when the HIS does not keep it."""
    lot: str | None = None
    """`None` when the HIS does not keep it."""
    serial: str | None = None
    """`None` when the HIS does not keep it."""

    @property
    def amount(self) -> int:
        """Fen."""
        return fen(self.quantity, self.price)

    def record(self, at: int, *, cancelled: bool = False) -> Record:
        """Its record at an instant."""
        value = {
            "schema": "udi.his-charge/1", "hospital": self.hospital, "line_id": self.line_id,
            "encounter": self.encounter, "department": self.department, "item_code": self.item_code,
            "insurance_code": self.insurance_code, "quantity": self.quantity, "unit_price": price_text(self.price),
            "amount": fen_text(self.amount), "currency": "CNY", "service_at": stamp(self.at), "cancelled": cancelled,
            "billing_id": self.billing_id, "lot": self.lot, "serial": self.serial,
        }  # fmt: skip
        return Record(HIS_CHARGES, f"{self.hospital}/{self.encounter}".encode(), orjson.dumps(value), instant(at))


@dataclass(slots=True)
class Booked:
    """What the HIS has of a use, or of nothing."""

    entry: Entry | None
    """`None`: nobody scanned it."""
    lines: list[HisLine] = field(default_factory=list)
    """That stand."""
    error: str | None = None
    """What was done wrong: a name of `streams.simulator.his.errors.FATES`, or `nobody`, `free`, `returned`."""
    due: tuple[int, int] | None = None
    """(units, price) that were right when the lines were entered."""


def insurance_code(goods: Goods) -> str:
    """As the catalogue row says."""
    return f"C{int(goods.code[-5:]):019d}"


def estimate(entry: Entry) -> int:
    """The price at which a use that waits would be charged; 0: nobody knows yet."""
    goods = entry.unit.goods if entry.unit is not None else None
    if goods is None or goods.reason is not None or goods.price_reason is not None or not entry.quantity:
        return 0
    return goods.price_on(ordinal_of(entry.at)) or 0


def line_of(entry: Entry, hospital: str, line_id: str, due: tuple[int, int], chance: Chance) -> HisLine:
    """The line for a use, (units, price) as `due` says.

    Half of the lines keep nothing of the charge they are for, and of the time only the minute; so do all that are
    entered by hand.
    """
    unit, stay, keeps = entry.unit, entry.stay, chance.below(20)
    assert unit is not None and stay is not None  # noqa: PT018, S101 -- only of such uses
    goods, by_hand = unit.goods, not entry.postings
    marked, posted = keeps >= 10 and not by_hand, keeps >= 13 and not by_hand
    return HisLine(
        hospital, line_id, stay.code, entry.department, goods.code, insurance_code(goods), *due,
        entry.at if posted else entry.at - entry.at % MINUTE,
        made_id("billing", hospital, entry.scan_id, entry.charge.n, "charge") if posted else None,
        unit.lot if marked and keeps < 16 else None,
        unit.serial if marked and keeps < 16 else None,
    )  # fmt: skip


SPOILS: Final[tuple[dict[str, Any], ...]] = ({"quantity": -1}, {"amount": "0.01"}, {"currency": "USD"}, {"quantity": 0})


def spoiled(right: Record, line_id: str, chance: Chance, at: int) -> Record:
    """A record that is no line: its units are below one, its sum is wrong, its money is another."""
    value = orjson.loads(right.value or b"{}") | {"line_id": line_id} | chance.pick(SPOILS)
    return Record(HIS_CHARGES, right.key, orjson.dumps(value), instant(at))

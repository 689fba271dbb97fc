"""Records and values of the house, made short: a test names only what its rule is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from models.calendar import ZONE_DEFAULT, Month
from models.catalogue.item import CatalogueItem, Item, item_from_wire
from models.charging.arrival import Arrival, TickRecord
from models.charging.books import BadRecord, Prior, Ref
from models.charging.decision import Decision
from models.charging.effects import SettlementLine, StockMove
from models.charging.snapshot import Catalogue, EncounterFacts, Snapshot
from models.money import fen_text
from models.policy import POLICY
from models.udi import parse
from rules.charging.fold import fold, redecide
from rules.labels.reading import read_arrival
from rules.view import View

HOSPITAL = "H1"
STORE = "OR-2"
ENCOUNTER = "E1"
GS = "\x1d"
NOON = datetime(2022, 6, 3, 4, tzinfo=UTC)
"""12:00 on 3 June 2022 in the hospital's zone, UTC+8."""
JUNE = Month(202206)
SECOND = timedelta(seconds=1)


def gtin(number: int) -> str:
    """The GTIN-14 of a number of the test's choice."""
    body = f"0{number:012d}"
    digits = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(body))
    return f"{body}{-digits % 10}"


def gs1(di: str | None = None, *, expiry: str | None = None, lot: str | None = None, serial: str | None = None) -> str:
    """A GS1 DataMatrix text. `expiry` is yymmdd."""
    parts = [f"01{di}"] if di else []
    parts += [f"17{expiry}"] if expiry else []
    parts += [f"10{lot}{GS if serial else ''}"] if lot else []
    parts += [f"21{serial}"] if serial else []
    return "]d2" + "".join(parts)


DI = gtin(7032069804988 // 10)
BOX = gtin(123)
LABEL = gs1(DI, expiry="271231", lot="L1")


def item(**changes: Any) -> dict[str, Any]:
    """A catalogue record: a screw of the hospital's at 1,234.00 yuan in 2022, a box of five known."""
    return {
        "schema": "udi.item/1",
        "hospital": HOSPITAL,
        "item_code": "SCREW",
        "name": "螺钉",
        "identifiers": [
            {"issuer": "GS1", "di": DI, "units_per_package": 1},
            {"issuer": "GS1", "di": BOX, "units_per_package": 5},
        ],
        "tracking": "lot",
        "prices": [price("1234.00")],
    } | changes


def price(yuan: str, from_: str | None = "2022-01-01", to: str | None = "2023-01-01") -> dict[str, Any]:
    """A dated price."""
    return {"price": yuan, "from": from_, "to": to}


def encounter(**changes: Any) -> dict[str, Any]:
    """An encounter record, admitted on 1 June."""
    return {
        "schema": "udi.encounter/1",
        "hospital": HOSPITAL,
        "encounter": ENCOUNTER,
        "department": "ORTH",
        "team": "T3",
        "admitted_at": "2022-06-01T00:00:00+08:00",
    } | changes


def scan(number: int, /, **changes: Any) -> dict[str, Any]:
    """A scan record: one screw used for the encounter; `number` makes its scan id and time (seconds after noon)."""
    event = {
        "schema": "udi.scan/1",
        "scan_id": str(scan_id(number)),
        "hospital": HOSPITAL,
        "device_id": "gun1",
        "scanned_at": at(number),
        "action": "use",
        "codes": [LABEL],
        "quantity": 1,
        "store": STORE,
        "encounter": ENCOUNTER,
    } | changes
    if "item_code" in changes:
        del event["codes"]
    return event


def scan_id(number: int) -> UUID:
    """The scan id of a test's scan."""
    return UUID(int=number)


def at(seconds: float) -> str:
    """So many seconds after noon, as text."""
    return (NOON + timedelta(seconds=seconds)).isoformat()


def key_of(event: dict[str, Any]) -> bytes:
    """The record key of a scan."""
    return f"{event['hospital']}/{event.get('encounter') or event['store']}".encode()


def body(record: dict[str, Any]) -> bytes:
    """The value of a record."""
    return orjson.dumps(record)


TICK = {"schema": "udi.tick/1", "at": NOON.isoformat()}


def catalogue_of(*items: dict[str, Any], version: int = 1) -> Catalogue:
    """A catalogue of items, numbered from `version`."""
    catalogue = Catalogue()
    made = [item_of(each, version + place) for place, each in enumerate(items)]
    catalogue.put(made, version + len(made) - 1)
    return catalogue


def item_of(record: dict[str, Any], version: int = 1, ended_at: datetime | None = None) -> Item:
    """The item of a catalogue record."""
    return item_from_wire(CatalogueItem.model_validate_json(body(record)), version, ended_at)


ADMITTED = EncounterFacts("ORTH", "T3", datetime(2022, 5, 31, 16, tzinfo=UTC), None, None)


class Outcome(NamedTuple):
    """What a decision comes to, as a value to compare whole."""

    verdict: str
    reasons: tuple[str, ...] = ()
    charge: tuple[str, int, str, int] | None = None
    """(kind, units, amount in yuan, period)."""
    move: StockMove | None = None
    settlement: tuple[tuple[str, int, str | None, int], ...] = ()
    """(status, units, amount in yuan, period)."""
    usage: tuple[tuple[str | None, int, int, str], ...] = ()
    """(department, month, units, amount in yuan)."""


def outcome(result: Decision | BadRecord) -> Outcome:
    """A decision or bad record as a value."""
    if isinstance(result, BadRecord):
        return Outcome("refused", (str(result.reason),))
    charge = result.charging.entries[0] if result.charging.entries else None
    return Outcome(
        str(result.verdict),
        tuple(str(each) for each in result.reasons),
        ("credit" if charge.reverses else "charge", charge.quantity, fen_text(charge.amount_fen), charge.period)
        if charge
        else None,
        result.stock.move,
        tuple(_line(line) for line in result.settlement),
        tuple(
            (each.department, each.month, each.quantity, fen_text(each.amount_fen)) for each in result.charging.usage
        ),
    )


def _line(line: SettlementLine) -> tuple[str, int, str | None, int]:
    return line.status, line.quantity, None if line.amount_fen is None else fen_text(line.amount_fen), line.period


class Bench:
    """The rules with nothing around them: one endless batch over a view of books that hold what a test says.

    The store holds 100 units of the usual lot, so that a use is not flagged for the stock it takes.
    """

    def __init__(
        self,
        *items: dict[str, Any],
        encounters: dict[str, EncounterFacts] | None = None,
        closed: int = 0,
        stocked: bool = True,
    ) -> None:
        encounters = {ENCOUNTER: ADMITTED} if encounters is None else encounters
        known = {(HOSPITAL, name): facts for name, facts in encounters.items()}
        self.view = View(
            Snapshot(0, 1, 1, closed={HOSPITAL: closed} if closed else {}, encounters=known),
            catalogue_of(*items) if items else catalogue_of(item()),
        )
        self.offset = 0
        """Of the newest record."""
        if stocked:
            self.stock(LABEL)

    def stock(self, *codes: str, quantity: int = 100) -> None:
        """Receive goods of the label before anything the test does; of one with a serial the unit."""
        for code in codes:
            units = 1 if parse(code, scanned_on=NOON.date()).serial else quantity
            received = scan(9_000_000, action="receive", codes=[code], quantity=units, encounter=None)
            received |= {"scan_id": str(UUID(int=9_000_000 + self.offset)), "device_id": "gate", "scanned_at": at(-1)}
            self.record(received)

    def read(self, value: dict[str, Any] | bytes, key: bytes | None = None, stamp: datetime = NOON) -> Arrival:
        """The next record as it arrives."""
        self.offset += 1
        raw = value if isinstance(value, bytes) else body(value)
        return read_arrival(Ref(1, self.offset), 0, key, raw, stamp, ZONE_DEFAULT)

    def record(
        self, value: dict[str, Any] | bytes, key: bytes | None = None, stamp: datetime = NOON
    ) -> list[Decision | BadRecord]:
        """What follows from the next record."""
        return fold([self.read(value, key, stamp)], self.view, POLICY)

    def scan(self, number: int, /, *, stamp: datetime = NOON, **changes: Any) -> Outcome:
        """The outcome of the scan itself; of what it released, see `record`."""
        return outcome(self.record(scan(number, **changes), stamp=stamp)[-1])

    def decision(self, number: int, /, **changes: Any) -> Decision:
        """The whole decision of a scan."""
        decided = self.record(scan(number, **changes))[-1]
        assert isinstance(decided, Decision)
        return decided

    def again(self, decided: Decision, stamp: datetime = NOON) -> Outcome | None:
        """The scan decided once more by what is known now; `None` when nothing changes."""
        results = redecide([(decided.subject, prior_of(decided), stamp)], self.view)
        return outcome(results[0]) if results else None

    def learn(self, *items: dict[str, Any], **encounters: EncounterFacts) -> None:
        """Facts come."""
        catalogue = self.view.catalogue
        version = catalogue.version + 1
        catalogue.put([item_of(each, version + place) for place, each in enumerate(items)], version + len(items))
        self.view.gathered.encounters.update({(HOSPITAL, name): facts for name, facts in encounters.items()})

    def tick(self, stamp: datetime) -> list[Outcome]:
        """What a tick at the broker's time releases."""
        return [outcome(each) for each in fold([TickRecord(stamp)], self.view, POLICY)]


def out(units: int, owner: str = "hospital", store: str = STORE) -> StockMove:
    """Goods that left the store for a patient or the bin."""
    return StockMove(owner, units, store, None)


def into(units: int, owner: str = "hospital", store: str = STORE) -> StockMove:
    """Goods that came into the store."""
    return StockMove(owner, units, None, store)


def prior_of(decision: Decision, **changes: Any) -> Prior:
    """What a decision leaves for the next one of the same scan."""
    moved, holds = decision.stock.move is not None, decision.stock.takes_unit
    prior = Prior(
        decision.n + 1, decision.verdict, decision.reasons, moved, holds, decision.label,
        owner=decision.stock.move.owner if decision.stock.move else None,
        item_code=decision.item.item_code if decision.item else None, units=decision.units,
    )  # fmt: skip
    return replace(prior, **changes)

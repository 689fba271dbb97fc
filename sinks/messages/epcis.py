"""Moves of goods as events of EPCIS 2.0, in JSON-LD.

References:
    GS1 EPCIS 2.0 (2022) and CBV 2.0 (2022): business steps, dispositions, error declarations; GS1 Digital Link 1.2.
    docs/store.md, "EPCIS".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

from models.scan.event import Action
from models.stock.places import OUTSIDE, PATIENT, SUPPLIER
from models.udi import Issuer

CONTEXT: Final = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
VERSION: Final = "2.0"
BASE: Final = "urn:x-udistream"
"""Before the hospital's own names where a standard has none: places, papers, encounters, codes of other issuers."""


@dataclass(frozen=True, slots=True)
class Move:
    """A move of goods, as the books hold it."""

    move_id: UUID
    """The same after any replay."""
    scan_id: UUID
    """Scan that moved the goods."""
    n: int
    """0: by the scan itself; 1, 2, 3 …: by a later decision about it."""
    hospital: str
    """Id of the hospital; the first part of every record key."""
    action: str
    """What was scanned (`models.scan.event.Action`)."""
    from_place: str
    """Place the goods leave (`models.stock.places`)."""
    to_place: str
    """Place the goods reach."""
    takes_back: bool
    """The goods of the scan's move before it go back: that move was not so."""
    item_code: str
    """The item's code in the HIS catalogue."""
    issuer: str | None
    """Issuing agency of the identifier; `None` without a code."""
    di: str | None
    """Device identifier (UDI-DI) in its canonical form; `None` without a code."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    units: int
    """Units of use."""
    units_per_package: int | None
    """Units of use in a package of `di`; `None` while nobody knows."""
    moved_at: datetime
    """When it was scanned."""
    decided_at: datetime
    """When the books took it."""
    document: str | None
    """Delivery note or transfer it belongs to; `None` without one."""
    encounter: str | None
    """Opaque id of the patient's stay; `None` without one."""
    instead: tuple[UUID, ...] = ()
    """Moves that stand, of the scan that took the place of this one; empty when none has, or none of it stands."""


class _Step(NamedTuple):
    action: str
    step: str
    disposition: str


_STEPS: Final[Mapping[str, _Step]] = MappingProxyType(
    {
        Action.USE: _Step("OBSERVE", "dispensing", "dispensed"),
        Action.RETURN: _Step("OBSERVE", "receiving", "returned"),
        Action.OPENED: _Step("DELETE", "destroying", "disposed"),
        Action.WASTE: _Step("DELETE", "destroying", "disposed"),
        Action.RECEIVE: _Step("OBSERVE", "receiving", "in_progress"),
        Action.TRANSFER: _Step("OBSERVE", "storing", "available"),
        Action.ACCEPT: _Step("OBSERVE", "receiving", "available"),
        Action.LEND: _Step("OBSERVE", "accepting", "available"),
        Action.GIVE_BACK: _Step("OBSERVE", "accepting", "returned"),
        Action.QUARANTINE: _Step("OBSERVE", "holding", "unavailable"),
        Action.CLEAR: _Step("OBSERVE", "inspecting", "conformant"),
        Action.MISSING: _Step("OBSERVE", "stock_taking", "unknown"),
        Action.FOUND: _Step("OBSERVE", "stock_taking", "available"),
        Action.SEND_BACK: _Step("OBSERVE", "shipping", "returned"),
    }
)
"""Business step and disposition of each action, in the words of the CBV; docs/store.md has the table."""
_SENT: Final = _Step("OBSERVE", "shipping", "in_transit")
_LOCKED: Final = _Step("OBSERVE", "receiving", "unavailable")
_ALLOWED: Final = "-._~"
"""What a part of a path may hold unquoted (RFC 3986, section 2.3)."""


def events_of(moves: Sequence[Move], zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    """The events of one scan's moves, in the order of `n`.

    A move that takes goods back is an error declaration of the one it takes back: the same event once more, with when
    it was declared and, when later moves stand in its place, of this scan or of the one that corrects it, their ids.
    """
    for place, move in enumerate(moves):
        if not move.takes_back:
            yield event_of(move, zone)
            continue
        before = [each for each in moves[:place] if _is_way_back(each, move)]
        if before:
            anew = next((each.move_id for each in moves[place + 1 :] if _is_way_back(each, move)), None)
            instead = (anew,) if anew is not None else move.instead
            yield event_of(before[-1], zone) | {"errorDeclaration": _declared(move, instead)}


def _is_way_back(move: Move, back: Move) -> bool:
    """Goods of several ways go back each the way they went."""
    return not move.takes_back and (move.from_place, move.to_place) == (back.to_place, back.from_place)


def event_of(move: Move, zone: ZoneInfo) -> dict[str, Any]:
    """A move as an event: with an encounter a `TransactionEvent`, else an `ObjectEvent`."""
    step = _step(move)
    papers = _papers(move)
    in_encounter = move.encounter is not None and PATIENT in {move.from_place, move.to_place}
    event: dict[str, Any] = {
        "type": "TransactionEvent" if in_encounter else "ObjectEvent",
        "eventID": f"urn:uuid:{move.move_id}",
        "eventTime": _instant(move.moved_at),
        "recordTime": _instant(move.decided_at),
        "eventTimeZoneOffset": _offset(move.moved_at, zone),
        "action": _of_encounter(move) if in_encounter else step.action,
        "bizStep": step.step,
        "disposition": step.disposition,
    }
    event |= {"bizTransactionList": papers} if papers else {}
    event |= _goods(move)
    kept = [place for place in (move.from_place, move.to_place) if place not in OUTSIDE]
    event["readPoint"] = {"id": _name("location", move.hospital, kept[0])}
    if move.to_place not in OUTSIDE:
        event["bizLocation"] = {"id": _name("location", move.hospital, move.to_place)}
    if len(kept) == len((move.from_place, move.to_place)):
        source, destination = (_name("location", move.hospital, place) for place in kept)
        event["sourceList"] = [{"type": "location", "source": source}]
        event["destinationList"] = [{"type": "location", "destination": destination}]
    return event


def _step(move: Move) -> _Step:
    if move.action == Action.TRANSFER and move.to_place.startswith("in-transit/"):
        return _SENT
    if move.action == Action.RECEIVE and move.to_place.startswith("quarantine/"):
        return _LOCKED
    if move.action == Action.SEND_BACK and SUPPLIER not in {move.from_place, move.to_place}:
        return _STEPS[Action.CLEAR]
    return _STEPS[move.action]


def _of_encounter(move: Move) -> str:
    """A use joins the goods to the encounter, a return parts them."""
    return "ADD" if move.to_place == PATIENT else "DELETE"


def _papers(move: Move) -> list[dict[str, str]]:
    found = []
    if move.encounter is not None and PATIENT in {move.from_place, move.to_place}:
        found.append({"bizTransaction": _name("encounter", move.hospital, move.encounter)})
    if move.document is not None:
        note = {"type": "desadv"} if move.action == Action.RECEIVE else {}
        found.append({**note, "bizTransaction": _name("document", move.hospital, move.document)})
    return found


def _goods(move: Move) -> dict[str, Any]:
    """A unit with a serial by itself; others as a class, counted in packages of their identifier."""
    if move.serial is not None and move.di is not None:
        return {"epcList": [_class(move, "21", move.serial)]}
    epc_class = _class(move, "10", move.lot) if move.lot is not None else _class(move)
    per_package = (move.units_per_package or 1) if move.di is not None else 1
    whole, rest = divmod(move.units, per_package)
    return {"quantityList": [{"epcClass": epc_class, "quantity": move.units / per_package if rest else whole}]}


def _class(move: Move, key: str = "", value: str = "") -> str:
    """A GS1 Digital Link; of other issuers and of goods without a code a name of ours in the same order."""
    if move.issuer == Issuer.GS1 and move.di is not None:
        path = f"https://id.gs1.org/01/{quote(move.di, safe=_ALLOWED)}"
        return f"{path}/{key}/{quote(value, safe=_ALLOWED)}" if key else path
    parts = [key, value] if key else []
    if move.issuer is not None and move.di is not None:
        return _name("di", move.issuer, move.di, *parts)
    return _name("item", move.hospital, move.item_code, *parts)


def _name(*parts: str) -> str:
    return ":".join((BASE, *(quote(part, safe=_ALLOWED) for part in parts)))


def _declared(move: Move, instead: Sequence[UUID]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "declarationTime": _instant(move.decided_at),
        "reason": "incorrect_data" if instead else "did_not_occur",
    }
    return said | {"correctiveEventIDs": [f"urn:uuid:{each}" for each in instead]} if instead else said


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _offset(at: datetime, zone: ZoneInfo) -> str:
    offset = at.astimezone(zone).utcoffset() or timedelta()
    sign, minutes = ("-" if offset < timedelta() else "+"), abs(offset) // timedelta(minutes=1)
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}"

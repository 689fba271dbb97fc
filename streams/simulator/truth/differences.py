"""The differences with the HIS that must stand open at the end, told without the product's rules."""

from collections.abc import Iterator
from dataclasses import dataclass

from streams.simulator.account.account import Account
from streams.simulator.account.entries import OPEN, Entry, fen
from streams.simulator.his.charging import His
from streams.simulator.his.lines import Booked, HisLine, estimate, insurance_code
from streams.simulator.hospital.goods import Goods

UNKNOWN = frozenset({"unknown-identifier", "ambiguous-identifier", "unknown-item"})
"""What keeps the goods of a scan from being known."""


def goods_of(entry: Entry) -> Goods | None:
    """The goods of a use as far as the books know them: neither its row nor half a label keep them from it."""
    if entry.unit is None or entry.unit.goods.reason in UNKNOWN or "no-device-identifier" in entry.reasons:
        return None
    return entry.unit.goods


@dataclass(frozen=True, slots=True)
class OpenDifference:
    """A difference that must stand. Amounts in fen."""

    kind: str
    """`missed`, `wrong` or `extra`."""
    aspects: tuple[str, ...]
    """Of a wrong line: in what it differs."""
    cause: str
    """Why it is there."""
    encounter: str
    """Opaque id of the patient's stay."""
    item_code: str | None
    """The item's code in the HIS catalogue; `None` while it is unknown."""
    scan_id: str | None
    """Scan of the use; `None` of a line without one."""
    line_id: str | None
    """The HIS's id of the line; `None` of a missed charge."""
    expected_fen: int
    """What should be on the HIS's books."""
    found_fen: int
    """What is on them."""

    @property
    def content(self) -> tuple[object, ...]:
        """What it is, whichever of equal uses or lines it is told of."""
        return (
            self.kind, self.aspects, self.cause, self.encounter, self.item_code, self.expected_fen, self.found_fen,
        )  # fmt: skip


def open_differences(account: Account, his: His) -> Iterator[OpenDifference]:
    """All of them, when the last month's lines are posted."""
    for entry in account.entries.values():
        if entry.action == "use" and entry.stay is not None and entry.verdict != "refused":
            yield from _of_use(entry, his.booked.get(entry.scan_id))
    for booked in his.nobody:
        yield from (_extra(line, "not-scanned") for line in booked.lines)


def _of_use(entry: Entry, booked: Booked | None) -> Iterator[OpenDifference]:
    lines = booked.lines if booked is not None else []
    if entry.verdict == "billed" and entry.left:
        if lines:
            yield from _compared(entry, lines[0], (entry.price, entry.owed))
            yield from (_extra(line, "charged-twice") for line in lines[1:])
        else:
            yield _missed(entry, "not-posted", entry.owed)
    elif entry.verdict in OPEN:
        price = estimate(entry)
        due = price, fen(entry.left or 0, price)
        if lines:  # charged by hand
            yield from _compared(entry, lines[0], due)
        else:
            yield _missed(entry, "not-charged-yet", due[1])
    else:
        yield from (_extra(line, "not-chargeable" if entry.left else "returned") for line in lines)


def _missed(entry: Entry, cause: str, expected: int) -> OpenDifference:
    assert entry.stay is not None  # noqa: S101 -- else it is in no encounter
    return OpenDifference("missed", (), cause, entry.stay.code, _item(entry), entry.scan_id, None, expected, 0)


def _extra(line: HisLine, cause: str) -> OpenDifference:
    return OpenDifference("extra", (), cause, line.encounter, line.item_code, None, line.line_id, 0, line.amount)


def _item(entry: Entry) -> str | None:
    goods = goods_of(entry)
    return None if goods is None else goods.code


def _compared(entry: Entry, line: HisLine, due: tuple[int, int]) -> Iterator[OpenDifference]:
    """`due`: the unit price, and fen."""
    assert entry.stay is not None and entry.unit is not None  # noqa: PT018, S101 -- it is charged
    goods = entry.unit.goods
    causes = {
        "code": "other-item" if line.item_code != goods.code
        else "other-insurance-code" if line.insurance_code != insurance_code(goods) else None,
        "price": "other-price" if line.price != due[0] else None,
        "quantity": "more-than-used" if line.quantity > (entry.left or 0)
        else "less-than-used" if line.quantity < (entry.left or 0) else None,
        "patient": "other-patient" if line.encounter != entry.stay.code else None,
    }  # fmt: skip
    aspects = tuple(aspect for aspect, cause in causes.items() if cause is not None)
    if aspects:
        cause = causes["patient"] or causes[aspects[0]] or ""
        yield OpenDifference(
            "wrong", aspects, cause, entry.stay.code, goods.code, entry.scan_id, line.line_id, due[1], line.amount
        )

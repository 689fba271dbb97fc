"""The final account of a set of books, read alike from the twin and from the report views, to be compared whole."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import asyncpg

from models.calendar import month_text
from models.charging.decision import Decision
from models.money import fen_text, price_text
from models.reasons import deciding_reason
from models.scan.event import Action
from sinks.memory.books import MemoryBooks

Row = tuple[Any, ...]


class Published(NamedTuple):
    """One record of the outbox."""

    seq: int
    id: str
    key: bytes
    body: bytes
    reason: str | None
    origin: str | None


@dataclass(frozen=True, slots=True)
class Account:
    """What an auditor can read."""

    verdicts: tuple[Row, ...]
    """(partition, offset, scan, verdict, reasons, decided at) of every input offset."""
    scans: tuple[Row, ...]
    """(hospital, scan, verdict, reasons, di, lot, serial, item, units, decided at) as they stand now."""
    charges: tuple[Row, ...]
    settlement: tuple[Row, ...]
    stock: tuple[Row, ...]
    left: tuple[Row, ...]
    """Units by hospital, store and item: kept apart from the balances, and equal to their sums."""
    moves: tuple[Row, ...]
    usage: tuple[Row, ...]
    open: tuple[Row, ...]
    units_in_use: tuple[Row, ...]
    changes: tuple[Row, ...]
    positions: tuple[Row, ...]
    published: Mapping[tuple[str, int], tuple[Published, ...]]

    def by_scan(self) -> "Account":
        """What stands whatever the order in which independent scans arrived: no offsets, lanes or sequence numbers."""
        return replace(self, verdicts=(), open=(), units_in_use=(), changes=(), positions=(), published={})

    def without_instants(self) -> tuple[Any, ...]:
        """All but when a person's command, or a scan that identifies, was accepted: by the database's clock or ours."""
        return (
            tuple(row[:-1] for row in self.scans),
            tuple((*row[:14], *row[15:]) for row in self.charges),
            self.settlement,
            self.stock,
            self.left,
            self.moves,
            self.usage,
            self.open,
            self.units_in_use,
            self.changes,
            {place: [each.id for each in all_] for place, all_ in self.published.items()},
        )


def _sorted(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=repr))


# The twin ---------------------------------------------------------------------------------------------------------


def account_of_memory(books: MemoryBooks) -> Account:
    """The account of the twin."""
    first = [decisions[0] for decisions in books.decisions.values()]
    every = [decision for decisions in books.decisions.values() for decision in decisions]
    newest = [decisions[-1] for decisions in books.decisions.values()]
    balances, totals = books.stock()
    return Account(
        verdicts=_sorted(
            [(d.subject.lane, d.subject.ref.offset, str(d.subject.event.scan_id), str(d.verdict), _names(d.reasons),
              d.subject.recorded_at) for d in first]
            + [(b.lane, b.ref.offset, b.scan_id and str(b.scan_id), "refused", _names((b.reason,)), b.recorded_at)
               for b in books.bad.values()]
        ),
        scans=_sorted(_scan(d) for d in newest if _claimed(books, d)),
        charges=_sorted(_charge(d, n) for d in every for n in range(len(d.charging.entries))),
        settlement=_sorted(
            (str(line.line_id), line.supplier, line.item_code, line.quantity, line.cost and price_text(line.cost),
             None if line.amount_fen is None else fen_text(line.amount_fen), month_text(line.period), line.status,
             line.reverses and str(line.reverses))
            for d in every for line in d.settlement
        ),
        stock=_sorted((*key, units) for key, units in balances.items()),
        left=_sorted((*key, units) for key, units in totals.items()),
        moves=_sorted(_move(d) for d in every if d.stock.move),
        usage=_usage(every),
        open=_sorted((*d.subject.ref, d.subject.lane, str(d.verdict), str(deciding_reason(d.reasons)))
            for d in newest if d.open
        ),
        units_in_use=_sorted((*unit, *ref) for unit, ref in books.claims.units.items()),
        changes=_sorted((*use, n, units, *by) for (use, n), (units, by) in books.claims.changes.items()),
        positions=_sorted((p.topic, p.partition, p.next_offset) for p in books.positions.values()),
        published={
            place: tuple(Published(n, str(o.id), o.key, o.body, o.reason, o.origin) for n, o in enumerate(all_, 1))
            for place, all_ in books.published.items()
        },
    )  # fmt: skip


def _names(reasons: Iterable[Any]) -> tuple[str, ...]:
    return tuple(str(reason) for reason in reasons)


def _claimed(books: MemoryBooks, decision: Decision) -> bool:
    event = decision.subject.event
    claim = books.claims.scans.get((event.hospital, event.scan_id))
    return claim is not None and claim[0] == decision.subject.ref


def _scan(d: Decision) -> Row:
    label, event = d.label, d.subject.event
    return (
        event.hospital, str(event.scan_id), str(d.verdict), _names(d.reasons), label.di, label.lot, label.serial,
        d.item.item_code if d.item else None, d.units, d.decided_at,
    )  # fmt: skip


def _charge(d: Decision, n: int) -> Row:
    charge = d.charging.entries[n]
    return (
        str(charge.billing_id), "credit" if charge.reverses else "charge",
        str(charge.reverses.billing_id) if charge.reverses else None, charge.credit_number,
        str(d.subject.event.scan_id), charge.encounter, charge.department, charge.team, charge.item.item_code,
        charge.quantity, charge.item.version, price_text(charge.unit_price), fen_text(charge.amount_fen),
        month_text(charge.period), d.decided_at, _names(charge.flags),
    )  # fmt: skip


def _move(d: Decision) -> Row:
    move, event = d.stock.move, d.subject.event
    assert move is not None
    outside = {
        Action.USE: "patient", Action.RETURN: "patient", Action.RECEIVE: "supplier", Action.SEND_BACK: "supplier",
    }.get(event.action, "waste")  # fmt: skip
    return (
        str(event.scan_id), move.from_store or outside, move.to_store or outside, move.owner,
        d.item.item_code if d.item else None, d.label.lot, d.label.serial, move.units, event.scanned_at,
        None if d.stock.cost is None else f"{d.stock.cost / 10_000:.4f}",
    )  # fmt: skip


def _usage(every: Iterable[Decision]) -> tuple[Row, ...]:
    sums: dict[Row, list[int]] = {}
    for usage in (each for d in every for each in d.charging.usage):
        for scope in (
            ((usage.hospital, None), (usage.hospital, usage.department))
            if usage.department
            else ((usage.hospital, None),)
        ):
            both = sums.setdefault((*scope, usage.item_code, month_text(usage.month)), [0, 0])
            both[0] += usage.quantity
            both[1] += usage.amount_fen
    return _sorted((*key, units, fen_text(fen)) for key, (units, fen) in sums.items() if units or fen)


# PostgreSQL -------------------------------------------------------------------------------------------------------

_QUERIES = {
    "verdicts": """SELECT partition, record_offset, scan_id::text, verdict, reasons, decided_at FROM report.verdicts""",
    "scans": """SELECT hospital, scan_id::text, verdict, reasons, di, lot, serial, item_code, quantity, decided_at
        FROM report.scans""",
    "charges": """SELECT billing_id::text, kind, reverses::text, credit_number::int, scan_id::text, encounter,
        department, team, item_code, quantity, price_version, unit_price::text, amount::text, period, posted_at, flags
        FROM report.charges""",
    "settlement": """SELECT line_id::text, supplier, item_code, quantity, cost::text, amount::text, period, status,
        reverses::text FROM report.settlement""",
    "stock": """SELECT hospital, store, item_code, owner, coalesce(lot, ''), coalesce(serial, ''), quantity
        FROM report.stock""",
    "left": """SELECT hospital, store, item_code, sum(quantity)::bigint FROM udi.store_item GROUP BY 1, 2, 3""",
    "moves": """SELECT scan_id::text, from_place, to_place, owner, item_code, lot, serial, quantity, moved_at,
        cost::text FROM report.stock_moves""",
    "usage": """SELECT hospital, CASE scope_type WHEN 'department' THEN scope END, item_code, month, quantity,
        amount::text FROM report.usage_months""",
    "open": """SELECT position_id, record_offset, lane, verdict::text, reason FROM udi.open_scan""",
    "units_in_use": """SELECT hospital, issuer, di, serial, position_id, record_offset FROM udi.unit_claim""",
    "changes": """SELECT use_position, use_offset, n, units, by_position, by_offset FROM udi.use_change""",
    "positions": """SELECT topic, partition, next_offset FROM report.positions""",
}
_PUBLISHED = """SELECT b.topic, b.partition, b.first_seq + one.place - 1, one.id::text, one.key, one.body,
        b.reasons[one.place], b.origins[one.place]
    FROM udi.outbox_block b
    CROSS JOIN LATERAL unnest(b.ids, b.keys, b.bodies) WITH ORDINALITY one (id, key, body, place)
    ORDER BY 1, 2, 3"""


async def account_of_postgres(pool: asyncpg.Pool) -> Account:
    """The account of the database, in one snapshot."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        read = {name: _sorted(map(_plain, await connection.fetch(query))) for name, query in _QUERIES.items()}
        published: dict[tuple[str, int], tuple[Published, ...]] = {}
        for topic, partition, *rest in await connection.fetch(_PUBLISHED):
            published[topic, partition] = (*published.get((topic, partition), ()), Published(*rest))
    read["settlement"] = _sorted((*row[:4], _price(row[4]), *row[5:]) for row in read["settlement"])
    read["charges"] = _sorted((*row[:11], _price(row[11]), *row[12:]) for row in read["charges"])
    return Account(**read, published=published)


def _plain(row: Any) -> Row:
    return tuple(tuple(value) if isinstance(value, list) else value for value in row)


def _price(text: str | None) -> str | None:
    """A price of the views (four digits) as it stands on the wire (two, when it has no more)."""
    return text and (text[:-2] if text.endswith("00") else text.rstrip("0"))

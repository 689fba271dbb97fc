"""Proofs of cases as rows of the books and as records of the topic of cases.

References:
    docs/contract.md, section "Case".
"""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import orjson

from models.charging.effects import SettlementStatus
from models.closing.case import (
    CaseKey,
    CaseScan,
    CaseVerdict,
    Closing,
    Entry,
    Gap,
    GapKind,
    LedgerSums,
    Move,
    Numbers,
    OwedLine,
    Proof,
    Trigger,
)
from models.money import CURRENCY, fen_of, fen_text
from models.reasons import Reason, Verdict
from models.scan.event import Action
from models.texts import LOCALES, case_text
from sinks.postgres.charging.tables import Row

CASE_SCHEMA = "udi.case/1"


def proof_row(proof: Proof) -> Row:
    """In the order of the columns of `udi.case_proof`; the database gives `recorded_at`."""
    numbers, closing = proof.numbers, proof.closing
    return (
        *proof.key, proof.version, proof.trigger.value, closing.discharged_at, closing.settled_at, closing.by_person,
        proof.verdict.value, proof.scans, *numbers.scans, *numbers.stock_out, *numbers.charges, *numbers.settlement,
        numbers.chargeable_units, numbers.supplied_units, gaps_json(proof.gaps), proof.differences_open, proof.hash,
        proof.proven_at, None,
    )  # fmt: skip


def proof_of(row: Any) -> Proof:
    """A row of `udi.case_proof`."""
    return Proof(
        CaseKey(row["hospital"], row["encounter"], row["operation"]),
        row["version"],
        Trigger(row["trigger"]),
        Closing(row["discharged_at"], row["settled_at"], row["closings"]),
        CaseVerdict(row["verdict"]),
        Numbers(
            LedgerSums(row["units"], row["amount_fen"]),
            LedgerSums(row["stock_units"], row["stock_fen"]),
            LedgerSums(row["charged_units"], row["charged_fen"]),
            LedgerSums(row["owed_units"], row["owed_fen"]),
            row["chargeable_units"],
            row["supplied_units"],
        ),
        tuple(_gap_of(gap) for gap in orjson.loads(row["gaps"])),
        row["scans"],
        row["differences_open"],
        row["hash"],
        row["proven_at"],
    )


def gaps_json(gaps: tuple[Gap, ...]) -> str:
    """The gaps as they stand in the row."""
    return orjson.dumps([gap_body(gap) for gap in gaps]).decode()


def gap_body(gap: Gap) -> dict[str, Any]:
    """A gap as it stands in a record."""
    return {
        "kind": gap.kind,
        "reason": gap.reason,
        "item_code": gap.item_code,
        "lot": gap.lot,
        "serial": gap.serial,
        "units": gap.units,
        "amount": None if gap.amount_fen is None else fen_text(gap.amount_fen),
        "scan_ids": [str(each) for each in gap.scan_ids],
    }


def _gap_of(body: dict[str, Any]) -> Gap:
    amount = body["amount"]
    return Gap(
        GapKind(body["kind"]),
        Reason(body["reason"]) if body["reason"] else None,
        body["item_code"],
        body["lot"],
        body["serial"],
        body["units"],
        None if amount is None else fen_of(amount),
        tuple(UUID(each) for each in body["scan_ids"]),
    )


def case_body(proof: Proof) -> bytes:
    """The record of a proof on the topic of cases."""
    return orjson.dumps(proof_fields(proof))


def proof_fields(proof: Proof) -> dict[str, Any]:
    """A proof as it stands in its record."""
    return {
        "schema": CASE_SCHEMA,
        "case_id": proof.id,
        "version": proof.version,
        "supersedes": proof.supersedes,
        "hospital": proof.key.hospital,
        "encounter": proof.key.encounter,
        "operation": proof.key.operation or None,
        "trigger": proof.trigger,
        "verdict": proof.verdict,
        "notice": proof.notice,
        "scans": proof.scans,
        **numbers_fields(proof.numbers),
        "gaps": [gap_body(gap) for gap in proof.gaps],
        "differences_open": proof.differences_open,
        "hash": proof.hash.hex(),
        "message": {locale: case_text(locale, proof) for locale in LOCALES},
        "discharged_at": proof.closing.discharged_at,
        "settled_at": proof.closing.settled_at,
        "proven_at": proof.proven_at,
    }


def numbers_fields(numbers: Numbers) -> dict[str, Any]:
    """The four ledgers as they stand in a record."""
    ledgers = {
        "uses": numbers.scans,
        "stock_out": numbers.stock_out,
        "charges": numbers.charges,
        "settlement": numbers.settlement,
    }
    return {
        "ledgers": {name: {"units": sums.units, "amount": fen_text(sums.amount_fen)} for name, sums in ledgers.items()},
        "chargeable_units": numbers.chargeable_units,
        "supplied_units": numbers.supplied_units,
        "currency": CURRENCY,
    }


def scan_of(row: Any, price_of: Callable[[int, date], int | None]) -> CaseScan:
    """A row of `udi.case_scans`; `price_of` gives the price of a version of the catalogue on a day."""
    return CaseScan(
        row["scan_id"], row["scanned_at"], Action(row["action"]), row["encounter"], row["operation"], row["item_code"],
        row["issuer"], row["di"], row["lot"], row["serial"], row["units"], Verdict(row["verdict"]),
        tuple(map(Reason, row["reasons"])), row["takes_back"],
        tuple(Move(*each) for each in _columns(row, _MOVE)),
        _entries(row, price_of),
        tuple(OwedLine(*(*each[:-1], SettlementStatus(each[-1]))) for each in _columns(row, _LINE)),
    )  # fmt: skip


def _entries(row: Any, price_of: Callable[[int, date], int | None]) -> tuple[Entry, ...]:
    """The entries of a scan, each priced anew by the version of the catalogue it was decided by."""
    rows = _columns(row, _ENTRY)
    return tuple(Entry(*(*each[:-1], price_of(each[-1], row["used_on"]))) for each in rows)


_MOVE = ("move_from", "move_to", "move_owners", "move_items", "move_lots", "move_serials", "move_units")
_ENTRY = ("entry_ids", "entry_reverses", "entry_items", "entry_units", "entry_prices", "entry_fen", "entry_versions")
_LINE = ("line_ids", "line_reverses", "line_suppliers", "line_items", "line_units", "line_fen", "line_status")


def _columns(row: Any, names: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """Arrays that stand beside each other, as rows; nothing of none."""
    if row[names[0]] is None:
        return []
    return list(zip(*(row[name] for name in names), strict=True))

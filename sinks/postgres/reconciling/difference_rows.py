"""Differences with the HIS as rows of the books and as records of the topic of cases.

References:
    docs/contract.md, sections "Case" and "Read views".
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from models.ids import made_id
from models.money import CURRENCY, fen_text
from models.reconciling.differences import (
    Aspect,
    Difference,
    DifferenceKind,
    DifferenceStatus,
    DifferenceVersion,
    Fix,
    LikelyCause,
    Line,
)
from sinks.postgres.charging.tables import Row


def correction_id(version: DifferenceVersion) -> UUID:
    """The id of what is asked of the HIS: follows from the difference and its version."""
    return made_id("correction-asked", version.difference.difference_id, version.version)


def correction_body(version: DifferenceVersion) -> bytes:
    """A record `udi.correction/1` (docs/contract.md): what the HIS is asked to do."""
    each = version.difference
    return orjson.dumps({
        "schema": "udi.correction/1",
        "correction_id": correction_id(version),
        "difference_id": each.difference_id,
        "hospital": each.hospital,
        "encounter": each.encounter,
        "kind": each.kind,
        "aspects": each.aspects,
        "fix": each.fix,
        "line_id": each.line_id,
        "billing_id": each.billing_id,
        "scan_id": each.scan_id,
        "item_code": each.item_code,
        "quantity": each.quantity,
        "expected": fen_text(each.expected_fen),
        "found": fen_text(each.found_fen),
        "currency": CURRENCY,
        "by": version.by,
        "reason": version.reason,
        "asked_at": version.changed_at,
    })  # fmt: skip


def line_of(row: Any) -> Line:
    """A line of the HIS from its row."""
    return Line(
        line_id=row["line_id"],
        encounter=row["encounter"],
        item_code=row["item_code"],
        insurance_code=row["insurance_code"],
        quantity=row["quantity"],
        unit_price=row["unit_price"],
        amount_fen=row["amount_fen"],
        service_at=row["service_at"],
        department=row["department"],
        billing_id=row["billing_id"],
        lot=row["lot"],
        serial=row["serial"],
    )


def finding_row(each: Difference) -> Row:
    """In the order of `udi.finding`."""
    return (
        each.difference_id, each.hospital, each.encounter, each.kind.value, each.aspects, each.cause.value,
        each.fix.value, each.at, each.item_code, each.scan_id, each.line_id, each.billing_id, each.department,
        each.quantity, each.expected_fen, each.found_fen,
    )  # fmt: skip


def version_row(each: DifferenceVersion) -> Row:
    """In the order of `udi.difference`."""
    return (
        *finding_row(each.difference), each.version, each.status.value, each.changed_at, each.by, each.reason, None
    )  # fmt: skip


def difference_of(row: Mapping[str, Any]) -> Difference:
    """A difference from its row."""
    return Difference(
        hospital=row["hospital"],
        encounter=row["encounter"],
        kind=DifferenceKind(row["kind"]),
        aspects=tuple(Aspect(each) for each in row["aspects"]),
        cause=LikelyCause(row["cause"]),
        fix=Fix(row["fix"]),
        at=row["at"],
        item_code=row["item_code"],
        scan_id=row["scan_id"] and UUID(int=row["scan_id"].int),
        line_id=row["line_id"],
        billing_id=row["billing_id"] and UUID(int=row["billing_id"].int),
        expected_fen=row["expected_fen"],
        found_fen=row["found_fen"],
        department=row["department"],
        quantity=row["quantity"],
    )


def version_of(row: Mapping[str, Any]) -> DifferenceVersion:
    """A version of a difference from its row."""
    return DifferenceVersion(
        difference_of(row),
        row["version"],
        DifferenceStatus(row["status"]),
        row["changed_at"],
        row["across"],
        row["by"],
        row["reason"],
    )

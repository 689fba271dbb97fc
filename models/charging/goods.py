"""Goods that a scan may say are of another lot or serial than was recorded.

References:
    docs/store.md, "Identify".
"""

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from models.charging.books import Ref
from models.scan.event import Action


@dataclass(frozen=True, slots=True)
class Goods:
    """What is recorded of a scan that an `identify` may mean."""

    ref: Ref
    """Where its record lies: input position and offset."""
    scan_id: UUID
    """Id of the scan, made by its device."""
    action: Action
    """What was scanned."""
    item_code: str | None
    """Item it was decided for; `None` while it was not known."""
    units: int | None
    """Units of use of the item; `None` while it is not known, as of half a label that is held."""
    quantity: int
    """Packages of the label's identifier, as they were scanned."""
    stands: bool
    """Its goods have moved and nothing of them came back, or it waits for a fact or a person."""
    label: tuple[str | None, str | None, str | None, str | None]
    """(issuer, di, lot, serial) as the newest decision has them."""


class GoodsKey(NamedTuple):
    """Of which goods an `identify` speaks: of one scan, or of those under a document."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    scan_id: UUID | None
    """The scan that it names; `None` when it names a document."""
    document: str | None
    """The document that it names; `None` when it names a scan."""


def goods_keys(hospital: str, scan_id: UUID, document: str | None) -> list[GoodsKey]:
    """By what an `identify` may name a scan."""
    by_document = [GoodsKey(hospital, None, document)] if document is not None else []
    return [GoodsKey(hospital, scan_id, None), *by_document]

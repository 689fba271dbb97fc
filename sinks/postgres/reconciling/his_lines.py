"""The HIS's charge lines into the books: each batch in one transaction with its position."""

from dataclasses import dataclass, field
from datetime import datetime

from models.money import parse_fen, parse_price
from models.reconciling.his_charge import HisCharge, read_his_charge
from models.wire.strict_json import Body, Refusal
from sinks.messages.outgoing import Outgoing, letter_of
from sinks.ports.batch import InputPosition, RawRecord
from sinks.postgres.catalogue.facts import Refused
from sinks.postgres.charging.inputs import InputBooks
from sinks.postgres.charging.tables import Row

_RECORD = "udi.record_his_lines"


Line = tuple[HisCharge, Body]
"""A line, and the body it came as."""


@dataclass(slots=True)
class LineBatch:
    """Rows of one transaction."""

    lines: list[Row] = field(default_factory=list)
    """New versions of the HIS's charge lines."""
    letters: list[Outgoing] = field(default_factory=list)
    """Dead letters of what could not be read."""


class HisLineBooks(InputBooks):
    """The side of the books that holds what the HIS charges."""

    @staticmethod
    def parse(record: RawRecord) -> Line | Refused:
        """What a record of `udi.his-charges` says; no database."""
        read = read_his_charge(record.key, record.value)
        return Refused(record, read) if isinstance(read, Refusal) else read

    @staticmethod
    def add(batch: LineBatch, line: Line | Refused, at: datetime, origin: str) -> None:
        """What follows from it, into the batch: a version of a line, or a dead letter."""
        if isinstance(line, Refused):
            batch.letters.append(letter_of(line.record, line.refusal, origin))
        else:
            batch.lines.append(_row(*line, origin, at))

    @classmethod
    def read(cls, batch: LineBatch, record: RawRecord, at: datetime, origin: str) -> None:
        """A record of `udi.his-charges` into the batch."""
        cls.add(batch, cls.parse(record), at, origin)

    async def record(self, position: InputPosition, next_offset: int, last_hash: bytes | None, batch: LineBatch) -> int:
        """Record the batch and the position, whole or not at all; gives how many lines were new or changed.

        Raises:
            LaneMovedError: another process has moved the position.
        """
        return await self._record(_RECORD, position, next_offset, last_hash, (batch.lines,), batch.letters)


def _row(line: HisCharge, body: Body, origin: str, at: datetime) -> Row:
    """In the order of `udi.his_line`; the version is given by the database."""
    return (
        line.hospital, line.line_id, None, line.encounter, line.department, line.item_code, line.insurance_code,
        line.quantity, parse_price(line.unit_price), parse_fen(line.amount), line.service_at, line.cancelled,
        line.billing_id, line.lot, line.serial, body.fingerprint, origin, at,
    )  # fmt: skip

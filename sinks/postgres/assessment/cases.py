"""Discharges and incomes into the books: each batch in one transaction with its position."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import asyncpg

from models.assessment.discharge import Discharge, Income, read_discharge, read_income
from models.calendar import parse_month
from models.money import parse_fen
from models.wire.strict_json import Body, Refusal
from models.wire.topics import DEAD_LETTERS
from sinks.messages.outgoing import Outgoing, letter_of
from sinks.ports.batch import InputPosition, LaneMovedError, RawRecord
from sinks.postgres.charging.books import take_position
from sinks.postgres.charging.rows import outbox_row

_RECORD = "SELECT udi.record_assessed($1, $2, $3, $4, $5, $6, $7, $8)"


Letter = tuple[RawRecord, Refusal]
DischargeSaid = tuple[Discharge, Body]
IncomeSaid = tuple[Income, Body]


class DischargeRow(NamedTuple):
    """A row of `udi.discharge`; its version is given by the database."""

    hospital: str
    encounter: str
    version: int | None
    department: str
    team: str | None
    discharged_at: datetime
    stay_days: Decimal | None
    drg_group: str | None
    drg_weight: Decimal | None
    grouper: str | None
    grouper_version: str | None
    code_system: str | None
    region: str | None
    main_disease: str | None
    level4_surgery: bool
    consumable_cost_fen: int | None
    stay_cost_fen: int | None
    medical_income_fen: int | None
    drug_income_fen: int | None
    consumable_income_fen: int | None
    adverse_events: int | None
    device_events: int | None
    fingerprint: bytes
    origin: str
    recorded_at: datetime


class IncomeRow(NamedTuple):
    """A row of `udi.income`; its version is given by the database."""

    hospital: str
    department: str
    month: int
    version: int | None
    medical_income_fen: int
    drug_income_fen: int
    consumable_income_fen: int | None
    consumable_cost_fen: int | None
    fingerprint: bytes
    origin: str
    recorded_at: datetime


@dataclass(slots=True)
class AssessedBatch:
    """Rows of one transaction."""

    discharges: list[DischargeRow] = field(default_factory=list)
    incomes: list[IncomeRow] = field(default_factory=list)
    letters: list[Outgoing] = field(default_factory=list)


class AssessedBooks:
    """The side of the books that holds discharged cases and incomes."""

    def __init__(self, pool: asyncpg.Pool, lanes: int) -> None:
        self._pool = pool
        self._lanes = lanes

    async def take_over(self, cluster_id: str, topic: str, partition: int) -> InputPosition:
        """Where the partition stands."""
        async with self._pool.acquire() as connection:
            return await take_position(connection, cluster_id, topic, partition)

    @staticmethod
    def parse_discharge(record: RawRecord) -> Letter | DischargeSaid | None:
        """What a record of `udi.discharges` says; `None`: a tombstone, which changes nothing."""
        if record.value is None:
            return None
        read = read_discharge(record.key, record.value)
        return (record, read) if isinstance(read, Refusal) else read

    @staticmethod
    def parse_income(record: RawRecord) -> Letter | IncomeSaid | None:
        """What a record of `udi.income` says; `None`: a tombstone, which changes nothing."""
        if record.value is None:
            return None
        read = read_income(record.key, record.value)
        return (record, read) if isinstance(read, Refusal) else read

    @staticmethod
    def add(batch: AssessedBatch, said: Letter | DischargeSaid | IncomeSaid | None, at: datetime, origin: str) -> None:
        """What was parsed into the batch: a version or a dead letter."""
        match said:
            case None:
                return
            case RawRecord() as record, Refusal() as refusal:
                batch.letters.append(letter_of(record, refusal, origin))
            case Discharge() as case, Body() as body:
                batch.discharges.append(_discharge_row(case, body, origin, at))
            case Income() as income, Body() as body:
                batch.incomes.append(_income_row(income, body, origin, at))

    async def record(
        self, position: InputPosition, next_offset: int, last_hash: bytes | None, batch: AssessedBatch
    ) -> int:
        """Record the batch and the position, whole or not at all; gives how many versions were new.

        Raises:
            LaneMovedError: another process has moved the position.
        """
        lane = position.partition % self._lanes
        letters = [outbox_row(DEAD_LETTERS, lane, 1, batch.letters)] if batch.letters else []
        async with self._pool.acquire() as connection:
            try:
                recorded = await connection.fetchval(
                    _RECORD, position.position_id, position.next_offset, next_offset, last_hash, batch.discharges,
                    batch.incomes, lane, letters,
                )  # fmt: skip
            except asyncpg.PostgresError as error:
                if error.sqlstate == "UD001":
                    raise LaneMovedError(str(error)) from None
                raise
        return int(recorded)


def _discharge_row(case: Discharge, body: Body, origin: str, at: datetime) -> DischargeRow:
    return DischargeRow(
        case.hospital, case.encounter, None, case.department, case.team, case.discharged_at, _decimal(case.stay_days),
        case.drg_group, _decimal(case.drg_weight), case.grouper, case.grouper_version, case.code_system, case.region,
        case.main_disease, case.level4_surgery, _fen(case.consumable_cost), _fen(case.stay_cost),
        _fen(case.medical_income), _fen(case.drug_income), _fen(case.consumable_income), case.adverse_events,
        case.device_events, body.fingerprint, origin, at,
    )  # fmt: skip


def _income_row(income: Income, body: Body, origin: str, at: datetime) -> IncomeRow:
    return IncomeRow(
        income.hospital, income.department, parse_month(income.month), None, parse_fen(income.medical_income),
        parse_fen(income.drug_income), _fen(income.consumable_income), _fen(income.consumable_cost), body.fingerprint,
        origin, at,
    )  # fmt: skip


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _fen(yuan: str | None) -> int | None:
    return None if yuan is None else parse_fen(yuan)

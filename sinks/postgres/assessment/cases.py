"""Discharges and incomes into the books: each batch in one transaction with its position."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from models.assessment.discharge import Discharge, Income, read_discharge, read_income
from models.calendar import parse_month
from models.money import parse_fen
from models.wire.strict_json import Body, Refusal
from sinks.messages.outgoing import Outgoing, letter_of
from sinks.ports.batch import InputPosition, RawRecord, Read
from sinks.postgres.charging.inputs import InputBooks

_RECORD = "udi.record_assessed"


class DischargeRow(NamedTuple):
    """A row of `udi.discharge`; its version is given by the database."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    encounter: str
    """Opaque id of the patient's stay."""
    version: int | None
    """`None`: given by the database, 1, 2, 3 … of the encounter."""
    department: str
    """Department that discharged the case."""
    team: str | None
    """Id of the medical team; `None` when nobody said."""
    discharged_at: datetime
    """When the patient left."""
    stay_days: Decimal | None
    """Days in hospital; `None` when not reported."""
    drg_group: str | None
    """DRG group of the stay; `None` until it is grouped."""
    drg_weight: Decimal | None
    """DRG weight; `None` when unknown."""
    grouper: str | None
    """Program that grouped it; `None` when nobody said."""
    grouper_version: str | None
    """Version of the grouper; `None` when nobody said."""
    code_system: str | None
    """Of diagnoses and operations the grouper read."""
    region: str | None
    """Whose weight table it is."""
    main_disease: str | None
    """Opaque code of the main disease; `None` when nobody said."""
    level4_surgery: bool
    """The case had surgery of level 4."""
    consumable_cost_fen: int | None
    """Consumables used, at cost; `None`: taken from our own books."""
    stay_cost_fen: int | None
    """All the stay cost; `None` when not reported."""
    medical_income_fen: int | None
    """All income of the case; `None` when not reported."""
    drug_income_fen: int | None
    """Income of drugs among it; `None` when not reported."""
    consumable_income_fen: int | None
    """Income of consumables among it; `None`: taken from our own books."""
    adverse_events: int | None
    """`None`: not reported, which is not zero."""
    device_events: int | None
    """Events with a device; `None`: not reported."""
    fingerprint: bytes
    """16 bytes, equal exactly when the canonical JSON of the record is equal."""
    origin: str
    """Topic, partition and offset of the record as it came."""
    recorded_at: datetime
    """The broker's timestamp of the record."""


class IncomeRow(NamedTuple):
    """A row of `udi.income`; its version is given by the database."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    department: str
    """Id of the clinical department."""
    month: int
    """Month of the hospital's zone, as `yyyymm`."""
    version: int | None
    """`None`: given by the database, 1, 2, 3 … of department and month."""
    medical_income_fen: int
    """All income of the month, outpatients included."""
    drug_income_fen: int
    """Income of drugs among it."""
    consumable_income_fen: int | None
    """Income of consumables among it; `None`: taken from our own books."""
    consumable_cost_fen: int | None
    """Consumables used, at cost; `None`: taken from our own books."""
    fingerprint: bytes
    """16 bytes, equal exactly when the canonical JSON of the record is equal."""
    origin: str
    """Topic, partition and offset of the record as it came."""
    recorded_at: datetime
    """The broker's timestamp of the record."""


@dataclass(slots=True)
class AssessedBatch:
    """Rows of one transaction."""

    discharges: list[DischargeRow] = field(default_factory=list)
    """New versions of discharged cases."""
    incomes: list[IncomeRow] = field(default_factory=list)
    """New versions of incomes."""
    letters: list[Outgoing] = field(default_factory=list)
    """Dead letters of what could not be read."""


class AssessedBooks(InputBooks):
    """The side of the books that holds discharged cases and incomes."""

    @staticmethod
    def parse_discharge(record: RawRecord) -> Read[Discharge]:
        """What a record of `udi.discharges` says."""
        return Read(record, read_discharge(record.key, record.value))

    @staticmethod
    def parse_income(record: RawRecord) -> Read[Income]:
        """What a record of `udi.income` says."""
        return Read(record, read_income(record.key, record.value))

    @staticmethod
    def add_discharge(batch: AssessedBatch, read: Read[Discharge], at: datetime, origin: str) -> None:
        """A discharge into the batch: a version or a dead letter."""
        if isinstance(read.said, Refusal):
            batch.letters.append(letter_of(read.raw, read.said, origin))
        else:
            batch.discharges.append(_discharge_row(*read.said, origin, at))

    @staticmethod
    def add_income(batch: AssessedBatch, read: Read[Income], at: datetime, origin: str) -> None:
        """An income into the batch: a version or a dead letter."""
        if isinstance(read.said, Refusal):
            batch.letters.append(letter_of(read.raw, read.said, origin))
        else:
            batch.incomes.append(_income_row(*read.said, origin, at))

    async def record(
        self, position: InputPosition, next_offset: int, last_hash: bytes | None, batch: AssessedBatch
    ) -> int:
        """Record the batch and the position, whole or not at all; gives how many versions were new.

        Raises:
            LaneMovedError: another process has moved the position.
        """
        rows = (batch.discharges, batch.incomes)
        return await self._record(_RECORD, position, next_offset, last_hash, rows, batch.letters)


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

"""Discharged cases and incomes, made short, and recorded without Kafka."""

from typing import Any

import asyncpg

from models.wire.topics import DISCHARGES, INCOME
from sinks.ports.batch import RawRecord
from sinks.postgres.assessment.cases import AssessedBatch, AssessedBooks
from tests.support.builders import ENCOUNTER, HOSPITAL, NOON, body
from tests.support.ward import CLUSTER, LANES


def discharge(**changes: Any) -> dict[str, Any]:
    """A case of orthopaedics discharged on 10 June 2022, weight 2, 10,000 yuan of income."""
    return {
        "schema": "udi.discharge/1",
        "hospital": HOSPITAL,
        "encounter": ENCOUNTER,
        "department": "ORTH",
        "team": "T3",
        "discharged_at": "2022-06-10T10:00:00+08:00",
        "stay_days": "9",
        "drg_group": "IB15",
        "drg_weight": "2.0000",
        "grouper": "CHS-DRG",
        "grouper_version": "1.1",
        "main_disease": "S72",
        "level4_surgery": True,
        "consumable_cost": "3000.00",
        "stay_cost": "9000.00",
        "medical_income": "10000.00",
        "drug_income": "2000.00",
        "consumable_income": "3500.00",
        "adverse_events": 0,
        "device_events": 0,
    } | changes


def income(**changes: Any) -> dict[str, Any]:
    """Orthopaedics in June 2022: 100,000 yuan, a fifth of it drugs, 30,000 of consumables that cost 25,000."""
    return {
        "schema": "udi.income/1",
        "hospital": HOSPITAL,
        "department": "ORTH",
        "month": "2022-06",
        "medical_income": "100000.00",
        "drug_income": "20000.00",
        "consumable_income": "30000.00",
        "consumable_cost": "25000.00",
    } | changes


async def post_discharges(pool: asyncpg.Pool, *cases: dict[str, Any] | bytes) -> int:
    """The records arrive as one batch of `udi.discharges`; gives how many were new."""
    return await _post(pool, DISCHARGES, cases, lambda each: str(each["encounter"]))


async def post_incomes(pool: asyncpg.Pool, *incomes: dict[str, Any] | bytes) -> int:
    """The records arrive as one batch of `udi.income`; gives how many were new."""
    return await _post(pool, INCOME, incomes, lambda each: f"{each['department']}/{each['month']}")


async def _post(pool: asyncpg.Pool, topic: str, records: Any, rest: Any) -> int:
    books, batch = AssessedBooks(pool, LANES), AssessedBatch()
    position = await books.take_over(CLUSTER, f"udi.{topic}", 0)
    for place, each in enumerate(records):
        raw = each if isinstance(each, bytes) else body(each)
        key = None if isinstance(each, bytes) else f"{each['hospital']}/{rest(each)}".encode()
        record, origin = RawRecord(key, raw), position.origin(position.next_offset + place)
        if topic == DISCHARGES:
            books.add_discharge(batch, books.parse_discharge(record), NOON, origin)
        else:
            books.add_income(batch, books.parse_income(record), NOON, origin)
    return await books.record(position, position.next_offset + len(records), None, batch)

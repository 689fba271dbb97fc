"""The HIS's own charge lines, made short, and posted without Kafka."""

from typing import Any

import asyncpg

from models.money import fen_text, line_amount_fen, parse_price
from sinks.ports.batch import RawRecord
from sinks.postgres.reconciling.his_lines import HisLineBooks, LineBatch
from tests.support.builders import HOSPITAL, NOON, at, body
from tests.support.ward import CLUSTER, LANES

TOPIC = "udi.his-charges"


def line(name: str, number: int = 1, **changes: Any) -> dict[str, Any]:
    """A line of the HIS for one screw, at the time of the scan of that number."""
    made: dict[str, Any] = {
        "schema": "udi.his-charge/1",
        "hospital": HOSPITAL,
        "line_id": name,
        "encounter": "E1",
        "item_code": "SCREW",
        "quantity": 1,
        "unit_price": "1234.00",
        "service_at": at(number),
    } | changes
    amount = line_amount_fen(made["quantity"], parse_price(made["unit_price"])) if made["quantity"] > 0 else 0
    return {"amount": fen_text(amount)} | made


async def post(pool: asyncpg.Pool, *lines: dict[str, Any] | bytes) -> int:
    """The lines arrive as one batch; gives how many were new or changed."""
    books, batch = HisLineBooks(pool, LANES), LineBatch()
    position = await books.take_over(CLUSTER, TOPIC, 0)
    for place, each in enumerate(lines):
        raw = each if isinstance(each, bytes) else body(each)
        key = None if isinstance(each, bytes) else f"{each['hospital']}/{each['encounter']}".encode()
        books.read(batch, RawRecord(key, raw), NOON, position.origin(position.next_offset + place))
    return await books.record(position, position.next_offset + len(lines), None, batch)

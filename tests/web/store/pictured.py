"""What a demo lacks for its pictures: weeks of use up to now, a supplier's set, a cabinet with RFID."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import orjson
from aiokafka import AIOKafkaProducer

from streams.embedded.folder import EMBEDDED_FILE
from streams.services.stock.forecaster import forecast
from tests.support.builders import gs1

HOSPITAL, STORE, CABINET, CASE, SET = "H1", "ORTH-9", "picture", "PICTURE-1", "LS-2026-118"
_ITEMS: Final = """
SELECT item_code, i ->> 'di' AS di, body ->> 'tracking' AS tracking
FROM (
    SELECT DISTINCT ON (item_code) item_code, convert_from(body, 'UTF8')::jsonb AS body FROM udi.catalogue
    WHERE hospital = $1 ORDER BY item_code, version DESC
) item CROSS JOIN LATERAL (SELECT body -> 'identifiers' -> 0 AS i) first
WHERE i ->> 'issuer' = 'GS1' AND jsonb_array_length(body -> 'cost') > 0 AND body ->> 'supplier' IS NOT NULL
  AND (i ->> 'units_per_package')::integer = 1 AND body ->> 'tracking' IN ('lot', 'serial')
ORDER BY body ->> 'tracking', item_code
"""
_DECIDED: Final = "SELECT count(*) FROM report.scans WHERE hospital = $1 AND device_id = 'picture'"
_READS: Final = "SELECT count(*) FROM udi.cabinet_read WHERE hospital = $1 AND place = 'picture'"
USED_A_WEEK: Final = ((3, 5, 2, 4), (1, 0, 2, 0), (9, 12, 8, 10), (0, 0, 1, 0), (6, 4, 7, 5))
"""Of some items, week by week, over and over."""
WEEKS: Final = 26
SECONDS_MAX: Final = 120


async def add(folder: Path) -> None:
    """Publish it to the demo that runs in the folder, and wait until it is in the books and forecast."""
    embedded = json.loads((folder / EMBEDDED_FILE).read_text(encoding="utf-8"))
    async with (
        asyncpg.create_pool(embedded["database_url"], min_size=1, max_size=2) as pool,
        AIOKafkaProducer(bootstrap_servers=embedded["bootstrap_servers"]) as producer,
    ):
        items = await pool.fetch(_ITEMS, HOSPITAL)
        lots = [row["di"] for row in items if row["tracking"] == "lot"]
        serials = [row["di"] for row in items if row["tracking"] == "serial"] or lots
        now = datetime.now(UTC).replace(microsecond=0)
        await _send(producer, "udi.encounters", CASE, {
            "schema": "udi.encounter/1", "hospital": HOSPITAL, "encounter": CASE, "department": "ORTH",
            "admitted_at": (now - timedelta(days=200)).isoformat(),
        })  # fmt: skip
        scans = [*_uses(lots, now), *_set(lots, now), *_received(serials, now)]
        for each in scans:
            await _send(producer, "udi.scans", each.get("encounter") or STORE, each)
        reads = list(_reads(serials, now))
        for each in reads:
            await _send(producer, "udi.cabinet-reads", STORE, each)
        await _until(pool, _DECIDED, len(scans))
        await _until(pool, _READS, len(reads))
        await forecast(pool)


async def _send(producer: AIOKafkaProducer, topic: str, key: str, body: dict[str, Any]) -> None:
    await producer.send_and_wait(topic, orjson.dumps(body), f"{HOSPITAL}/{key}".encode())


async def _until(pool: asyncpg.Pool, query: str, count: int) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        while await pool.fetchval(query, HOSPITAL) < count:
            await asyncio.sleep(0.2)


def _scan(at: datetime, action: str, code: str, **more: Any) -> dict[str, Any]:
    return {
        "schema": "udi.scan/1", "scan_id": str(uuid.uuid4()), "hospital": HOSPITAL, "device_id": "picture",
        "scanned_at": at.isoformat(), "action": action, "codes": [code], "quantity": 1, "store": STORE,
        "department": "ORTH",
    } | more  # fmt: skip


def _uses(dis: list[str], now: datetime) -> Iterator[dict[str, Any]]:
    """Half a year of use, and what came in for it."""
    for di, weekly in zip(dis, USED_A_WEEK, strict=False):
        code = gs1(di, expiry="291231", lot="P1")
        used = [weekly[week % len(weekly)] + week % 3 * (weekly[0] > 2) for week in range(WEEKS)]
        yield _scan(now - timedelta(days=7 * WEEKS + 1), "receive", code, quantity=sum(used) + weekly[0])
        for week, units in enumerate(used):
            if units:
                at = now - timedelta(days=7 * (WEEKS - week) - 3)
                yield _scan(at, "use", code, quantity=units, encounter=CASE)


def _set(dis: list[str], now: datetime) -> Iterator[dict[str, Any]]:
    """Brought, some of it used, and not all of the rest sent back; of one lot more was used than came.

    The set before it is settled.
    """
    goods = zip(dis, (4, 2, 6, 1), (1, 0, 2, 2), (3, 2, 3, 0), strict=False)
    for number, (di, brought, used, back) in enumerate(goods):
        of_lot = {"document": SET, "code": gs1(di, expiry="291231", lot=f"LS{number}")}
        yield from _moved(now, brought, used, back, **of_lot)
    yield from _moved(
        now - timedelta(days=6), 3, 1, 2, document=f"{SET}-A", code=gs1(dis[0], expiry="291231", lot="LS9")
    )


def _moved(now: datetime, brought: int, used: int, back: int, **of_lot: str) -> Iterator[dict[str, Any]]:
    for action, quantity, days in (("receive", brought, 4), ("use", used, 3), ("send-back", back, 2)):
        if quantity:
            stay = {"encounter": CASE} if action == "use" else {}
            at = now - timedelta(days=days)
            yield _scan(at, action, of_lot["code"], quantity=quantity, place="set", document=of_lot["document"], **stay)


def _units(dis: list[str]) -> list[str]:
    return [gs1(dis[number % len(dis)], expiry="291231", lot="C1", serial=f"PIC{number}") for number in range(6)]


def _received(dis: list[str], now: datetime) -> Iterator[dict[str, Any]]:
    """Five units into the cabinet; the sixth of its tags is of a unit that nobody received."""
    for code in _units(dis)[:5]:
        yield _scan(now - timedelta(hours=9), "receive", code, place=CABINET)
    yield _scan(now - timedelta(hours=4), "use", _units(dis)[1], place=CABINET, encounter=CASE)


def _reads(dis: list[str], now: datetime) -> Iterator[dict[str, Any]]:
    """All six; three are gone, one of which was scanned; one of these is back, and a tag names no unit."""
    units = _units(dis)
    for hours, session, badge, tags in (
        (8, None, None, units),
        (4, "D-0417", "B-2034", units[3:]),
        (1, "D-0418", "B-1177", [*units[2:4], units[5], "FF00A1"]),
    ):  # fmt: skip
        yield {
            "schema": "udi.cabinet-read/1", "hospital": HOSPITAL, "store": STORE, "place": CABINET, "tags": tags,
            "read_at": (now - timedelta(hours=hours)).isoformat(),
        } | ({"session": session, "staff": badge} if session else {})  # fmt: skip

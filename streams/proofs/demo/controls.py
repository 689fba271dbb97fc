"""What the demo shows after the tie-out of what a hospital may set: a breaker with an override, and quotas."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import asyncpg
import orjson
from rich.table import Table

from models.calendar import month_text
from models.charging.controls import Breaker, BreakerState, Control, ControlScope, Quota
from sinks.postgres.monitoring.controls import ControlBooks
from sinks.postgres.proofs.controls import UseOfFinding, controlled_uses, use_of_finding, verdict_now
from streams.language import say
from streams.proofs.player import Player

WAIT_SECONDS: Final = 20.0
QUOTAS_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """What came of it."""

    item_code: str
    """Item whose breaker was opened."""
    held: str
    """Verdict of a use without override."""
    passed: str
    """Verdict of one with override."""


async def breaker(pool: asyncpg.Pool, player: Player) -> Shown | None:
    """Open the breaker of an item that a finding is about, and scan it twice; `None`: there is no such item."""
    use = await use_of_finding(pool)
    if use is None:
        return None
    opened = Breaker(
        hospital=use.hospital, item_code=use.item_code, scope_type=ControlScope.HOSPITAL, scope=use.hospital,
        state=BreakerState.OPEN, since=datetime.now(UTC), by="demo", reason=say("desk", "demo-reason", "breaker"),
    )  # fmt: skip
    await ControlBooks(pool).record([opened])
    event = orjson.loads(use.raw)
    override = {"badge": "B-7", "reason": say("desk", "demo-reason", "override")}
    held = await _scan(pool, player, use, event)
    passed = await _scan(pool, player, use, event | {"override": override})
    await ControlBooks(pool).record([opened.model_copy(update={"state": BreakerState.CLOSED})])
    return Shown(use.item_code, held, passed)


async def _scan(pool: asyncpg.Pool, player: Player, use: UseOfFinding, event: dict[str, Any]) -> str:
    scan_id = uuid4()
    await player.send_once(use.record_key, orjson.dumps(event | {"scan_id": str(scan_id)}), use.lane)
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            found = await verdict_now(pool, use.hospital, scan_id)
            if found is not None:
                return found.verdict
            await asyncio.sleep(0.1)


async def quotas(pool: asyncpg.Pool) -> Table | None:
    """Release a tenth more of each controlled category than was used in the newest month, and show what is left."""
    rows = await controlled_uses(pool)
    made: list[Control] = [
        Quota(
            hospital=row.hospital, category=row.category, department=row.department,
            month=month_text(row.month), released=row.used * 11 // 10, by="demo",
            reason=say("desk", "demo-reason", "breaker"),
        )
        for row in rows
    ]  # fmt: skip
    if not made:
        return None
    await ControlBooks(pool).record(made)
    left = sorted(await ControlBooks(pool).quotas(), key=lambda row: (row["left"], row["category"], row["department"]))
    title = "Quotas of controlled goods, the nearest to used up, units"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in ("month", "category", "department", "released", "used", "left"):
        table.add_column(name, justify="right" if name in {"released", "used", "left"} else "left")
    for row in left[:QUOTAS_SHOWN]:
        units = (f"{row[name]:,}" for name in ("released", "used", "left"))
        table.add_row(row["month"], row["category"], row["department"], *units)
    return table

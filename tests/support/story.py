"""Two months of a small hospital in which everything happens once: books to look at, to verify and to damage."""

from typing import Any

import asyncpg

from models.calendar import ZONE_DEFAULT, Month
from models.charging.commands import CommandKind
from models.closing.case import CaseKey
from models.reconciling.differences import DifferenceStatus
from rules.catalogue.joining import price_on
from sinks.postgres.closing.cases import CaseBooks
from sinks.postgres.closing.periods import PeriodBooks
from sinks.postgres.reconciling.sessions import ReconcilingBooks
from streams.services.monitoring.evaluator import Evaluator
from streams.services.prover import Prover
from streams.services.reconciler import Reconciler
from tests.support.builders import BOX, DI, ENCOUNTER, HOSPITAL, NOON, encounter, gs1, gtin, item, price, scan, scan_id
from tests.support.his import line, post
from tests.support.ward import Ward, postgres_store

UNIT = gs1(DI, expiry="271231", lot="L1", serial="S1")
OTHER_UNIT = gs1(DI, expiry="271231", lot="L1", serial="S2")
NOT_YET_KNOWN = gtin(777)
NEVER_KNOWN = gtin(778)
SUPPLIED = gtin(555)
FREE = gtin(556)
CLIPS = gtin(557)
MAY = "2022-05-20T12:00:00+08:00"

ITEMS = (
    item(monitored=True),
    item(
        item_code="PLATE", name="接骨板", owner="supplier", supplier="S9", cost=[{"cost": "800.00"}],
        identifiers=[{"issuer": "GS1", "di": SUPPLIED, "units_per_package": 1}],
    ),
    item(
        item_code="GAUZE", name="纱布", chargeable=False, prices=[price("0.335")],
        identifiers=[{"issuer": "GS1", "di": FREE, "units_per_package": 1}],
    ),
)  # fmt: skip
CLIP = item(
    item_code="CLIP", name="止血夹", prices=[price("100.00")], cost=[{"cost": "60.00"}],
    identifiers=[{"issuer": "GS1", "di": CLIPS, "units_per_package": 1}],
)  # fmt: skip
DEARER_CLIP = CLIP | {"prices": [price("100.55")]}
LATE_ITEM = item(
    item_code="NAIL", name="髓内钉", prices=[price("50.00")],
    identifiers=[{"issuer": "GS1", "di": NOT_YET_KNOWN, "units_per_package": 1}],
)  # fmt: skip


def of_may(number: int, **changes: Any) -> dict[str, Any]:
    """A scan of May."""
    return scan(number, **{"scanned_at": MAY} | changes)


def back(number: int, of: int, **changes: Any) -> dict[str, Any]:
    """The return of a use."""
    return scan(number, action="return", corrects=str(scan_id(of)), **changes)


def clip(lot: str | None = "C1", serial: str | None = None, expiry: str = "271231") -> list[str]:
    """The label of a clip."""
    return [gs1(CLIPS, expiry=expiry, lot=lot, serial=serial)]


async def correct(ward: Ward) -> None:
    """A price that comes late, and what persons release and take back."""
    await ward.scan(
        scan(50, codes=clip(), quantity=3, override={"badge": "B1", "reason": "nobody asked for it"}),
        back(51, 50, codes=clip()),
        scan(52, codes=clip(expiry="220101")),
        scan(53, codes=clip(serial="T1")),
        scan(54, codes=clip(serial="T1")),
        scan(55, codes=clip(serial="T2")),
        scan(56, codes=clip(), action="opened", reason="fell down"),
    )
    await ward.learn(DEARER_CLIP)
    await ward.sweep()
    await ward.store.command(CommandKind.RELEASE, 52)
    await ward.store.command(CommandKind.RELEASE, 54)
    await ward.store.command(CommandKind.REJECT, 55)
    await ward.sweep()
    await ward.scan(back(57, 50, codes=clip()))


async def reconcile(pool: asyncpg.Pool) -> None:
    """The HIS's lines come: right, wrong, on another patient, too many, cancelled; two differences are decided on."""
    reconciler = Reconciler(pool, ZONE_DEFAULT)
    await post(
        pool,
        line("L1", 10, quantity=40),
        line("L2", 12, quantity=2, unit_price="1200.00"),
        line("L3", 11, encounter="E8"),
        line("L4", 90, item_code="TAPE", unit_price="3.50"),
        line("L5", 91, item_code="TAPE", unit_price="3.50", cancelled=True),
        line("L4", 90, item_code="TAPE", unit_price="3.50"),
        line("L2", 12, quantity=2, unit_price="1210.00"),
        line("L6", 92, quantity=-1),
    )
    await reconciler.until_idle()
    for kind, status in (("wrong", DifferenceStatus.ASKED), ("extra", DifferenceStatus.ACCEPTED)):
        async with ReconcilingBooks(pool).session() as session:
            ids = await pool.fetch("SELECT difference_id FROM udi.difference_standing WHERE kind = $1", kind)
            standing = await session.standing_of([row["difference_id"] for row in ids])
            await session.decide(standing, status, "wang", "seen with the HIS", NOON)
    await post(pool, line("L2", 12, quantity=2))
    await reconciler.until_idle()


async def tell(ward: Ward, pool: asyncpg.Pool) -> None:
    """Fill the books of a ward over PostgreSQL; May and June are closed, and their alerts judged."""
    await ward.open(*ITEMS, CLIP, encounter(admitted_at="2022-05-01T00:00:00+08:00"))
    await ward.scan(
        of_may(1, action="receive", encounter=None, quantity=100),
        of_may(2, quantity=10),
        of_may(3, codes=[gs1(BOX, expiry="271231", lot="L1")]),
    )
    await ward.scan(
        scan(10, quantity=40),
        scan(11, codes=[UNIT]),
        scan(12, quantity=3),
        back(13, 12),
        scan(14, codes=[gs1(SUPPLIED, expiry="271231", lot="P1")], quantity=2),
        back(15, 14, codes=[gs1(SUPPLIED, expiry="271231", lot="P1")]),
        scan(16, codes=[gs1(FREE, expiry="271231", lot="G1")], quantity=3),
        back(17, 16, codes=[gs1(FREE, expiry="271231", lot="G1")]),
        scan(18, codes=[gs1(NOT_YET_KNOWN, expiry="271231", lot="N1")]),
        scan(19, codes=[gs1(NEVER_KNOWN, expiry="271231", lot="N1")]),
        scan(20, encounter=None),
        scan(21, codes=[UNIT]),
        scan(22, codes=[OTHER_UNIT]),
        back(23, 22, codes=[OTHER_UNIT]),
        scan(10, quantity=40),
        scan(11, codes=[UNIT], quantity=2),
        scan(24, codes=["]d201070320698049890"]),
        scan(25, codes=[gs1(DI)], device_id="gun2", sequence=1),
        scan(26, codes=[gs1(expiry="271231", lot="L1")], device_id="gun2", sequence=2),
        b"not json",
        b'{"schema": "udi.scan/1"}',
    )
    await ward.scan(
        scan(30, encounter="E9"), scan(31, action="transfer", to_store="OR-3", encounter=None, quantity=5), lane=1
    )
    await correct(ward)
    await ward.learn(LATE_ITEM)
    await ward.sweep()
    evaluator, periods = Evaluator(pool, ZONE_DEFAULT), PeriodBooks(pool)
    for month in (Month(202205), Month(202206)):
        await periods.close(month, {HOSPITAL: Month(202205)})
        await evaluator.until_idle()
    # Two of three, returned apart: the parts of 1.01 yuan are 0.34 and 0.33.
    await ward.scan(scan(40, quantity=2, operation="OP-9"), back(41, 16, codes=[gs1(FREE, expiry="271231", lot="G1")]))
    await evaluator.until_idle()
    # The whole encounter has scans that wait; its operation ties.
    for operation in ("", "OP-9"):
        await CaseBooks(pool, price_on).close(CaseKey(HOSPITAL, ENCOUNTER, operation), "wang")
    await Prover(pool).until_idle()
    await reconcile(pool)
    await Prover(pool).until_idle()


async def fill(url: str) -> None:
    """Fill the books in a fresh database."""
    async with postgres_store(url) as store:
        await tell(Ward(store), store.pool)

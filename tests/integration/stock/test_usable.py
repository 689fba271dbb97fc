"""What the lists take for recalled is what lanes hold: the rule in SQL beside the rule in Python, on random notices."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, timedelta
from random import Random
from typing import Any

import asyncpg
import pytest
from msgspec import structs

from models.charging.books import LabelFacts
from models.charging.snapshot import Catalogue, Lookup
from models.reasons import Reason
from models.stock.recall import RecallLine, plain
from models.stock.told import LabelKey
from models.udi import Issuer
from rules.stock.recall_matching import Match, UnitFacts, match
from rules.stock.usable import unusable
from tests.integration.stock.test_orders import keep
from tests.support.builders import DI, body, gs1, gtin, item, scan, scan_id
from tests.support.recalls import accept, recall
from tests.support.ward import PostgresStore, Ward, postgres_store, verdicts

LOTS, SERIALS = ("L1", "L2", "L10"), ("100", "150", "199", "A15", "15", "1500", "A50")
DAYS = ("2024-01-01", "2024-06-30", "2024-12-31")


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


def line(random: Random) -> dict[str, Any]:
    """Any line a notice may have."""
    made: dict[str, Any] = {"issuer": "GS1", "di": DI}
    if random.random() < 0.5:
        made["lots"] = random.sample((*LOTS, "l 1"), 2)
    if random.random() < 0.3:
        made["serials"] = random.sample(SERIALS, 2)
    if random.random() < 0.5:
        ends = sorted(random.sample(SERIALS[:4], 2))
        made |= {"serial_from": ends[0].lower(), "serial_to": f"{ends[1][:1]} {ends[1][1:]}"}
        made.pop(random.choice(("serial_from", "serial_to", "none")), None)
    for name in ("expiry", "produced"):
        if random.random() < 0.3:
            made |= dict(zip((f"{name}_from", f"{name}_to"), sorted(random.sample(DAYS, 2)), strict=True))
            made.pop(random.choice((f"{name}_from", f"{name}_to", "none")), None)
    return made


def unit(random: Random) -> UnitFacts:
    def days() -> list[date]:
        several = random.sample((*DAYS, "2024-02-01"), random.choice((0, 1, 1, 2)))
        return [date.fromisoformat(each) for each in several]

    lots = random.sample(LOTS, random.choice((0, 1, 1, 2)))
    return UnitFacts(lots, random.choice((*SERIALS, None)), days(), days())


async def means(pool: asyncpg.Pool, recall: str, of: UnitFacts) -> bool:
    return bool(
        await pool.fetchval(
            "SELECT bool_or(udi.recall_means_2(s, $2, lower($3), $4, $5)) FROM udi.recall_scope s WHERE recall = $1",
            recall,
            list(of.lots),
            of.serial,
            list(of.expiries),
            list(of.productions),
        )
    )


async def test_both_rules_agree_on_every_notice_and_unit(store: PostgresStore) -> None:
    random = Random(12)  # noqa: S311 -- a test's chance
    await Ward(store).open(item())
    lines = [line(random) for _ in range(60)]
    assert await accept(store.pool, *(recall(name=f"R{n}", lines=[each]) for n, each in enumerate(lines))) == []
    agreed = []
    for n, each in enumerate(lines):
        wanted = RecallLine.model_validate_json(body(each))
        for of in (unit(random) for _ in range(12)):
            expected = match(wanted, of) is Match.CERTAIN
            assert await means(store.pool, f"R{n}", of) == expected, (each, of)
            agreed.append(expected)
    assert 100 < sum(agreed) < len(agreed) - 100


ITEMS = {f"IT-{n}": gtin(700 + n) for n in range(6)}
PLACES: dict[str, dict[str, Any]] = {
    "OR-2": {}, "OR-2/cab1": {"place": "cab1"}, "set/LS-1": {"place": "set", "document": "LS-1"},
}  # fmt: skip
AWAY = ("in-transit", "lent", "set", "quarantine")


def of_item(random: Random, code: str) -> dict[str, Any]:
    day = random.choice((None, "2022-06-03", "2022-06-05", "2022-07-01"))
    level = {"issuer": "GS1", "di": ITEMS[code], "units_per_package": 1}
    suspended = random.random() < 0.3
    return item(item_code=code, identifiers=[level], suspended=suspended, licence_valid_to=day)


def goods_of(random: Random) -> tuple[str, ...]:
    """The label of goods of any item."""
    expiry = random.choice(("220601", "220603", "220604", "271231", None))
    serial = random.choice((None, f"S{random.randrange(100, 400)}"))
    return (gs1(random.choice([*ITEMS.values()]), expiry=expiry, lot=random.choice(LOTS), serial=serial),)


def narrower(random: Random) -> dict[str, Any]:
    """A line that means goods of one item: by its code or identifier, some lots, a range of serials."""
    code = random.choice([*ITEMS])
    made: dict[str, Any] = random.choice(({"item_code": code}, {"issuer": "GS1", "di": ITEMS[code]}))
    named = (
        {"lots": random.sample(LOTS, 2)},
        {"serial_from": "S100", "serial_to": "S250"},
        {"expiry_to": "2022-06-03"},
    )
    return made | random.choice(named)


async def books_of_any_goods(store: PostgresStore, random: Random) -> None:
    ward = await Ward(store).open(*(of_item(random, code) for code in ITEMS))
    notices = [
        recall(name=f"R{n}", lines=[narrower(random)], ended_on=random.choice((None, "2022-06-03"))) for n in range(6)
    ]
    assert await accept(store.pool, *notices) == []
    await keep(store.pool, store="OR-3", confirms_transfers=True)
    labels = [goods_of(random) for _ in range(150)]
    came = [
        scan(n, action="receive", encounter=None, codes=[*codes], quantity=1, **random.choice([*PLACES.values()]))
        for n, codes in enumerate(labels, 1)
    ]
    await ward.scan(*came)
    ways = (
        {"action": "transfer", "to_store": "OR-3"},
        {"action": "lend", "to_store": "OR-4"},
        {"action": "quarantine"},
    )
    gone = [
        scan(n + 1000, encounter=None, codes=[*codes], quantity=1, **random.choice(ways))
        for n, codes in enumerate(random.sample(labels, 40), 1)
    ]
    await ward.scan(*gone)


def asked(row: asyncpg.Record) -> list[LabelKey]:
    """The labels that are asked of goods of a balance."""
    of = ("H1", Issuer.GS1.value, ITEMS[row["item_code"]])
    lots = [LabelKey(*of, plain(row["lot"]), None)] if row["lot"] else []
    return lots + ([LabelKey(*of, None, plain(row["serial"]))] if row["serial"] else [])


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_lists_leave_out_what_a_scan_is_flagged_for(store: PostgresStore, seed: int) -> None:
    random = Random(seed)  # noqa: S311 -- a test's chance
    await books_of_any_goods(store, random)
    catalogue = Catalogue()
    rows = await store.pool.fetch("SELECT * FROM udi.usable_5('H1', '2022-06-02')")
    labels = {key for row in rows for key in asked(row)}
    told = (await store.books.gather(0, Lookup(hospitals={"H1"}, labels=labels), catalogue)).told
    seen: Counter[str] = Counter()
    for day in (date(2022, 6, 2) + timedelta(days=n) for n in range(5)):
        for row in await store.pool.fetch("SELECT * FROM udi.usable_5('H1', $1)", day):
            di = ITEMS[row["item_code"]]
            label = LabelFacts(Issuer.GS1, di, row["lot"], row["serial"], row["expiry"], None)
            meant = structs.replace(label, expiry=None) if asked(row) else label  # Its day is what its labels say.
            where = (catalogue.item("H1", row["item_code"]), row["place"], day, catalogue, told)
            wanted = unusable("H1", label, *where) - {Reason.RECALLED} | (
                unusable("H1", meant, *where) & {Reason.RECALLED}
            )
            assert set(row["reasons"]) == {str(each) for each in wanted}, (dict(row), day)
            kind = row["place"].split("/")[0]
            away = kind if kind in AWAY else None
            assert row["unusable"] == (away or next(iter(row["reasons"]), None))
            seen.update([*row["reasons"], away or "here", str(row["unusable"])])
    assert min(seen[each] for each in ("recalled", "expired", "suspended-item", "licence-expired", "None", *AWAY)) > 0


async def test_goods_that_are_issued_or_cleared_from_quarantine_say_why_they_may_not_be_used(
    store: PostgresStore,
) -> None:
    ward = await Ward(store).open(item(licence_valid_to="2022-06-02"))
    old = {"codes": [gs1(DI, expiry="220602", lot="L1")], "encounter": None}
    await ward.scan(scan(1, action="receive", **old), scan(2, action="clear", **old))
    await ward.scan(scan(3, action="transfer", to_store="OR-3", **old), scan(4, action="waste", store="OR-3", **old))

    account, lapsed = await ward.account(), ("expired", "licence-expired")
    assert [verdicts(account)[str(scan_id(number))] for number in (1, 2, 3, 4)] == [
        ("recorded", lapsed), ("recorded", lapsed), ("recorded", lapsed), ("recorded", ()),
    ]  # fmt: skip
    assert [row for row in account.stock if row[-1]] == []
    rows = await store.pool.fetch("SELECT reasons FROM report.scans WHERE action = 'clear'")
    assert [tuple(row["reasons"]) for row in rows] == [lapsed]

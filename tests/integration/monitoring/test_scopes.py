"""Rules for stores and medical teams: their use is counted where a rule asks for it, and nowhere else."""

from decimal import Decimal

from models.calendar import ZONE_DEFAULT, Month
from models.monitoring.alert import Measure, ScopeType
from models.monitoring.rule import EVERY_HOSPITAL, RuleBase, RuleKind, RuleRow
from rules.monitoring.back_test import Past, back_test
from sinks.postgres.monitoring.past import PastUsage
from sinks.postgres.monitoring.rules import RuleBooks
from streams.services.monitoring.evaluator import Evaluator
from tests.support.builders import encounter, item, scan, scan_id
from tests.support.ward import PostgresStore, Ward, postgres_store

RULE = RuleRow(
    "growth-of-places", RuleKind.GROWTH, (Measure.QUANTITY,), (ScopeType.STORE, ScopeType.TEAM), "all",
    RuleBase.MONTH, Decimal(20), floor_quantity=5,
)  # fmt: skip
MAY, JUNE = "2022-05-10T12:00:00+08:00", "2022-06-02T12:00:00+08:00"
_ALERTS = """
SELECT scope_type, scope, value::int, base_value::int, status FROM (
    SELECT DISTINCT ON (alert_id) * FROM udi.alert WHERE rule = 'growth-of-places' ORDER BY alert_id, version DESC
) newest ORDER BY scope_type, scope
"""


async def used(store: PostgresStore) -> Ward:
    """Five in May in OR-2 by team T3; six in June, and five of another store's as in May."""
    ward = await Ward(store).open(item(), encounter(admitted_at="2022-05-01T00:00:00+08:00"))
    await ward.scan(
        scan(1, scanned_at=MAY, quantity=5, team="T3"), scan(2, scanned_at=MAY, quantity=5, store="OR-9", team="T4"),
        scan(3, scanned_at=JUNE, quantity=7, team="T3"), scan(4, scanned_at=JUNE, quantity=5, store="OR-9", team="T4"),
        scan(5, scanned_at=JUNE, action="return", corrects=str(scan_id(3)), quantity=1),
    )  # fmt: skip
    return ward


async def test_a_rise_in_a_store_and_a_team_is_found(database: str) -> None:
    async with postgres_store(database) as store:
        books = RuleBooks(store.pool)
        version = await books.draft(EVERY_HOSPITAL, RULE, "li", "a store orders more")
        await books.switch(EVERY_HOSPITAL, RULE.rule, version, True, Month(0), "li", "tried")
        ward = await used(store)
        evaluator = Evaluator(store.pool, ZONE_DEFAULT)
        await evaluator.until_idle()
        found = [tuple(row) for row in await store.pool.fetch(_ALERTS)]
        assert found == [("store", "OR-2", 6, 5, "provisional"), ("team", "T3", 6, 5, "provisional")]
        scopes = await store.pool.fetch("SELECT DISTINCT scope_type FROM report.usage_months")
        assert {row["scope_type"] for row in scopes} == {"hospital", "department"}

        await ward.scan(scan(6, scanned_at=JUNE, action="return", corrects=str(scan_id(3)), quantity=1))
        await evaluator.until_idle()
        assert [row["status"] for row in await store.pool.fetch(_ALERTS)] == ["withdrawn", "withdrawn"]


async def test_nothing_is_counted_by_store_without_such_a_rule_and_a_draft_can_be_tried(database: str) -> None:
    async with postgres_store(database) as store:
        await used(store)
        await Evaluator(store.pool, ZONE_DEFAULT).until_idle()
        assert not await store.pool.fetchval(
            "SELECT count(*) FROM udi.usage_month WHERE scope_type IN ('store', 'team')"
        )
        past = PastUsage(store.pool)
        months = await past.months("H1", Month(202204), Month(202206))
        usage = months.usage | await past.places("H1", Month(202204), Month(202206))
        assert months.first_month is not None
        said = back_test(
            RULE,
            Past("H1", months.first_month, usage, lambda _, code: months.traits[code]),
            Month(202206),
            Month(202206),
        )
        assert sorted(str(claim.key.cell.scope.type) for claim in said) == ["store", "team"]

from dataclasses import replace
from decimal import Decimal

import pytest

from models.calendar import Month
from models.monitoring.rule import EVERY_HOSPITAL, STUDY_RULES
from sinks.postgres.monitoring.rules import RuleBooks, RuleRefusedError, held_rules
from tests.integration.monitoring.usage import ward

GROWTH = STUDY_RULES[0]


async def test_a_fresh_installation_holds_the_rules_of_the_study(database: str) -> None:
    async with ward(database) as w:
        found = await held_rules(w.pool)
        assert {each.row.rule: each.row for each in found} == {each.rule: each for each in STUDY_RULES}
        assert {(each.hospital, each.version, each.valid_from, each.valid_to) for each in found} == {
            (EVERY_HOSPITAL, 1, None, None)
        }


async def test_a_newer_version_takes_over_from_its_month_on(database: str) -> None:
    async with ward(database) as w:
        books = RuleBooks(w.pool)
        strict = replace(GROWTH, threshold_percent=Decimal(50))
        assert await books.draft(EVERY_HOSPITAL, strict, "li", "too much noise") == 2
        await w.use(("A", "2022-05", 10, 100_000), ("A", "2022-06", 13, 130_000))
        assert await w.alerts(GROWTH.rule, "month") == [("2022-06",)]  # a draft judges nothing
        await books.switch(EVERY_HOSPITAL, GROWTH.rule, 2, True, Month(202207), "li", "agreed in June")
        await w.use(("A", "2022-07", 17, 170_000))
        assert await w.alerts(GROWTH.rule, "month") == [("2022-06",)]
        await w.use(("A", "2022-07", 3, 30_000))
        assert await w.alerts(GROWTH.rule, "month") == [("2022-06",), ("2022-07",)]
        rows = [dict(row) for row in await books.listed() if row["rule"] == GROWTH.rule]
        assert [
            (row["version"], row["valid_from"], row["valid_to"], row["status"], row["decided_by"]) for row in rows
        ] == [
            (1, None, "2022-07", "off", "udistream"),
            (2, "2022-07", None, "on", "li"),
        ]


async def test_a_rule_that_is_switched_off_judges_no_more_and_may_be_switched_on_again(database: str) -> None:
    async with ward(database) as w:
        books = RuleBooks(w.pool)
        await books.switch(EVERY_HOSPITAL, GROWTH.rule, 1, False, Month(202206), "li", "a pause")
        await w.use(("A", "2022-05", 10, 100_000), ("A", "2022-06", 13, 130_000))
        assert await w.alerts(GROWTH.rule, "month") == []
        await books.switch(EVERY_HOSPITAL, GROWTH.rule, 1, True, Month(202206), "li", "the pause is over")
        await w.use(("A", "2022-06", 1, 10_000))
        assert await w.alerts(GROWTH.rule, "month") == [("2022-06",)]


async def test_months_that_are_closed_stay_as_they_were_judged(database: str) -> None:
    async with ward(database, "2022-05") as w:
        await w.use(("A", "2022-05", 10, 100_000))
        await w.close("2022-05")
        books = RuleBooks(w.pool)
        with pytest.raises(RuleRefusedError, match="Expected a month after 2022-05"):
            await books.switch(EVERY_HOSPITAL, GROWTH.rule, 1, False, Month(202205), "li", "too late")
        await books.switch(EVERY_HOSPITAL, GROWTH.rule, 1, False, Month(202206), "li", "in time")
        with pytest.raises(RuleRefusedError, match="Expected a version of the rule"):
            await books.switch(EVERY_HOSPITAL, GROWTH.rule, 9, True, Month(202206), "li", "none")


async def test_a_hospitals_own_rule_is_its_own(database: str) -> None:
    async with ward(database) as w:
        books = RuleBooks(w.pool)
        await books.draft("H1", replace(GROWTH, threshold_percent=Decimal(50)), "li", "ours")
        await books.switch("H1", GROWTH.rule, 1, True, Month(202206), "li", "ours")
        await w.watch(("A",), hospital="H2")
        await w.scan("2022-01", hospital="H2")
        for hospital in ("H1", "H2"):
            await w.use(("A", "2022-05", 10, 100_000), ("A", "2022-06", 13, 130_000), hospital=hospital)
        assert await w.alerts(GROWTH.rule, "scope", "month") == [("H2", "2022-06")]

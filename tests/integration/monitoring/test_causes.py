"""Discharges in the cause of an alert, and what follows when they change."""

from typing import Any

import orjson

from tests.integration.monitoring.usage import Ward, ward
from tests.support.cases import discharge, post_discharges

GROWTH = "growth-month-on-month"
STATES = ("scope", "version", "status", "provisional")


async def cases(
    w: Ward, month: str, count: int, *, first: int = 0, weight: str | None = "1.0000", **changes: Any
) -> None:
    """So many discharges of orthopaedics in a month."""
    made = [
        discharge(
            encounter=f"E{month}-{number}", discharged_at=f"{month}-15T10:00:00+08:00", drg_weight=weight, **changes
        )
        for number in range(first, first + count)
    ]
    await post_discharges(w.pool, *made)
    await w.evaluator.until_idle()


async def causes(w: Ward, scope: str) -> dict[str, str]:
    rows = await w.pool.fetch(
        "SELECT cause FROM report.alerts WHERE rule = $1 AND measure = 'amount' AND scope = $2 "
        "ORDER BY version DESC LIMIT 1",
        GROWTH, scope,
    )  # fmt: skip
    return {part["factor"]: part["amount"] for part in orjson.loads(rows[0]["cause"])}


async def twice_as_much(w: Ward) -> None:
    await w.use(("A", "2022-05", 100, 1_000_000), ("A", "2022-06", 200, 2_000_000), department="ORTH")


async def test_twice_the_cases_explain_twice_the_use(database: str) -> None:
    async with ward(database, "2022-05") as w:
        await cases(w, "2022-05", 10)
        await cases(w, "2022-06", 20)
        await twice_as_much(w)
        whole = {"cases": "10000.00", "weight": "0.00", "use": "0.00", "mix": "0.00", "price": "0.00"}
        assert await causes(w, "ORTH") == await causes(w, "H1") == whole
        await w.close("2022-05", "2022-06")
        assert await w.alerts(GROWTH, *STATES) == [
            ("H1", 1, "explained", True), ("H1", 2, "explained", False),
            ("ORTH", 1, "explained", True), ("ORTH", 2, "explained", False),
        ]  # fmt: skip
        assert [tuple(row) for row in await w.pool.fetch("SELECT status, filed FROM report.findings")] == [
            ("explained", "caseload")
        ]


async def test_heavier_cases_are_a_cause_of_their_own(database: str) -> None:
    async with ward(database, "2022-05") as w:
        await cases(w, "2022-05", 10)
        await cases(w, "2022-06", 10, weight="2.0000")
        await twice_as_much(w)
        assert await causes(w, "ORTH") == {
            "cases": "0.00", "weight": "10000.00", "use": "0.00", "mix": "0.00", "price": "0.00",
        }  # fmt: skip


async def test_a_case_without_weight_makes_one_factor_of_cases_and_weight(database: str) -> None:
    async with ward(database, "2022-05") as w:
        await cases(w, "2022-05", 10)
        await cases(w, "2022-06", 19)
        await cases(w, "2022-06", 1, first=19, weight=None)
        await twice_as_much(w)
        assert await causes(w, "ORTH") == {"caseload": "10000.00", "use": "0.00", "mix": "0.00", "price": "0.00"}


async def test_other_brands_of_the_category_tell_mix_from_use(database: str) -> None:
    async with ward(database, "2022-05") as w:
        for item in ("A", "B"):
            version = await w.pool.fetchval("UPDATE udi.fact_counter SET version = version + 1 RETURNING version")
            body = {"hospital": "H1", "item_code": item, "monitored": True, "category": "stent"}
            await w.pool.execute(
                "INSERT INTO udi.catalogue VALUES ('H1', $1, $2, $3, NULL, now())", item, version, orjson.dumps(body)
            )
        await cases(w, "2022-05", 10)
        await cases(w, "2022-06", 10)
        months = [("A", "2022-05", 50, 500_000), ("B", "2022-05", 50, 500_000)]
        await w.use(*months, ("A", "2022-06", 75, 750_000), ("B", "2022-06", 25, 250_000), department="ORTH")
        assert await causes(w, "ORTH") == {
            "cases": "0.00",
            "weight": "0.00",
            "use": "0.00",
            "mix": "2500.00",
            "price": "0.00",
        }


async def test_discharges_that_come_in_an_open_month_are_judged_at_once(database: str) -> None:
    async with ward(database, "2022-05") as w:
        await cases(w, "2022-05", 10)
        await cases(w, "2022-06", 10)
        await twice_as_much(w)
        await cases(w, "2022-06", 10, first=10)
        assert await w.alerts(GROWTH, *STATES, where="scope = 'ORTH'") == [
            ("ORTH", 1, "provisional", True), ("ORTH", 2, "explained", True),
        ]  # fmt: skip


async def test_regrouping_after_the_close_is_judged_at_the_next_close(database: str) -> None:
    async with ward(database, "2022-05") as w:
        await cases(w, "2022-05", 10)
        await cases(w, "2022-06", 10)
        await twice_as_much(w)
        await w.close("2022-05", "2022-06")
        assert await w.alerts(GROWTH, "version", "status", where="scope = 'ORTH'") == [(1, "provisional"), (2, "fired")]
        await cases(w, "2022-06", 10, weight="2.0000")
        assert len(await w.alerts(GROWTH, "version", where="scope = 'ORTH'")) == 2
        assert (await causes(w, "ORTH"))["weight"] == "0.00"
        await w.close("2022-07")
        assert await w.alerts(GROWTH, "version", "status", where="scope = 'ORTH'") == [
            (1, "provisional"), (2, "fired"), (3, "explained"),
        ]  # fmt: skip
        assert (await causes(w, "ORTH"))["weight"] == "10000.00"
        assert await w.pool.fetchval("SELECT count(*) FROM udi.cause_pending") == 0


async def test_a_hospitals_cause_is_the_sum_of_its_departments(database: str) -> None:
    async with ward(database, "2022-05") as w:
        await cases(w, "2022-05", 7)
        await cases(w, "2022-06", 13)
        await twice_as_much(w)
        await w.use(("A", "2022-05", 11, 110_013), ("A", "2022-06", 23, 290_007), department="CARD")
        await w.use(("A", "2022-05", 3, 30_000), ("A", "2022-06", 5, 90_001))
        await w.close("2022-05", "2022-06")
        orth, card, whole = [await causes(w, scope) for scope in ("ORTH", "CARD", "H1")]
        assert list(whole) == ["cases", "weight", "caseload", "use", "mix", "price"]
        assert whole["cases"] == orth["cases"]
        # What is in no department is the rest.
        assert sum(round(float(part) * 100) for part in whole.values()) == 1_000_000 + 179_994 + 60_001
        assert round((float(whole["use"]) - float(orth["use"]) - float(card["use"])) * 100) > 0

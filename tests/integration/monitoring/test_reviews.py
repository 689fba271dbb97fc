from datetime import date, timedelta
from uuid import UUID

import asyncpg
import pytest

from models.calendar import Month
from models.monitoring.review import Effect, ReviewEntry, ReviewRefusal, ReviewState, Step, Voice, Vote
from rules.monitoring.reviewing import after
from sinks.postgres.monitoring.desk import Desk
from sinks.postgres.monitoring.effects import effect_of
from sinks.postgres.monitoring.reviews import ReviewBooks, Said
from tests.integration.monitoring.usage import AT, Ward, ward

LATER = AT + timedelta(days=3)


async def found(w: Ward) -> UUID:
    await w.use(("A", "2022-01", 100, 1_000_000), ("A", "2022-02", 200, 2_000_000), department="ORTH")
    await w.close("2022-01", "2022-02")
    [row] = await Desk(w.pool).findings()
    return UUID(int=row["finding"].int)


async def step(w: Ward, finding: UUID, said: Said) -> ReviewEntry | ReviewRefusal:
    return await ReviewBooks(w.pool).step(finding, said, lambda entries: after(entries, said.step))


ASSIGN = Said(Step.ASSIGN, "li", "please", owner="wang", due_on=date(2022, 3, 15))
OPINION = Said(Step.OPINION, "zhao", "no more patients than before", voice=Voice.MEDICAL, vote=Vote.UNJUSTIFIED)
TALK = Said(Step.TALK, "li", "with the director")
CLOSE = Said(Step.CLOSE, "li", "back to normal in May")


async def test_a_review_goes_from_owner_to_opinion_to_talk_to_outcome_and_every_step_is_kept(database: str) -> None:
    async with ward(database) as w:
        finding = await found(w)
        assert await step(w, finding, TALK) is ReviewRefusal.NOT_NOW
        states = [await step(w, finding, said) for said in (ASSIGN, OPINION, TALK, CLOSE)]
        assert [each.state for each in states if isinstance(each, ReviewEntry)] == [
            ReviewState.ASSIGNED, ReviewState.REVIEWED, ReviewState.ACTED, ReviewState.CLOSED,
        ]  # fmt: skip
        entries = await ReviewBooks(w.pool).entries(finding)
        assert [(each.n, each.step, each.by) for each in entries] == [
            (1, Step.ASSIGN, "li"), (2, Step.OPINION, "zhao"), (3, Step.TALK, "li"), (4, Step.CLOSE, "li"),
        ]  # fmt: skip
        [row] = await ReviewBooks(w.pool).listed()
        assert (row["owner"], row["due_on"], row["state"], row["outcome"]) == (
            "wang", date(2022, 3, 15), "closed", "back to normal in May",
        )  # fmt: skip
        assert row["days_to_action"] is not None
        assert [row["status"] for row in await Desk(w.pool).findings()] == ["closed"]


async def test_a_closed_finding_opens_again_when_its_alerts_change_and_its_review_goes_on(database: str) -> None:
    async with ward(database) as w:
        finding = await found(w)
        for said in (ASSIGN, OPINION, CLOSE):
            await step(w, finding, said)
        await w.use(("A", "2022-03", 5, 50_000), department="ORTH", at=LATER)
        assert [row["status"] for row in await Desk(w.pool).findings("2022-02")] == ["closed"]
        await w.use(("A", "2022-02", 10, 100_000), department="ORTH", at=LATER)
        assert [row["status"] for row in await Desk(w.pool).findings("2022-02")] == ["open"]
        entries = await ReviewBooks(w.pool).entries(finding)
        assert (entries[-1].step, entries[-1].state, entries[-1].at) == (Step.REOPEN, ReviewState.REVIEWED, LATER)


async def test_two_steps_at_once_are_numbered_one_by_one_and_no_entry_changes(database: str) -> None:
    import asyncio

    async with ward(database) as w:
        finding = await found(w)
        await step(w, finding, ASSIGN)
        await asyncio.gather(*(step(w, finding, OPINION) for _ in range(5)))
        assert [each.n for each in await ReviewBooks(w.pool).entries(finding)] == [1, 2, 3, 4, 5, 6]
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await w.pool.execute("UPDATE udi.review_entry SET text = 'x'")


async def test_a_finding_that_is_not_there_is_refused_by_name(database: str) -> None:
    async with ward(database) as w:
        assert await step(w, UUID(int=7), ASSIGN) is ReviewRefusal.UNKNOWN_FINDING


async def test_the_effect_is_measured_beside_the_same_type_elsewhere(database: str) -> None:
    async with ward(database) as w:
        for item in ("A", "B"):
            version = await w.pool.fetchval("UPDATE udi.fact_counter SET version = version + 1 RETURNING version")
            await w.pool.execute(
                "INSERT INTO udi.catalogue VALUES ('H1', $1, $2, convert_to($3, 'UTF8'), NULL, now())",
                item, version, f'{{"hospital": "H1", "item_code": "{item}", "monitored": true, "category": "stent"}}',
            )  # fmt: skip
        finding = await found(w)
        await w.use(*(("B", month, 10, fen) for month, fen in (("2022-01", 300_000), ("2022-03", 110_000))))
        await w.use(("A", "2022-03", 10, 900_000), department="ORTH")
        key = await ReviewBooks(w.pool).finding(finding)
        assert key is not None
        # The books begin in January, and an intervention entered after their end counts from the finding's month on.
        measured = await effect_of(w.pool, key, Month(202606), None)
        assert measured == Effect(1_000_000, 900_000, 300_000, 110_000, 1, 1, "2022-03", ("ORTH",))
        # Another brand of the type in the same department is no measure of what happened elsewhere.
        await w.use(("B", "2022-03", 10, 70_000), ("A", "2022-03", 1, 5_000), department="ORTH")
        await w.use(("A", "2022-03", 1, 4_000), department="CARD")
        again = await effect_of(w.pool, key, Month(202202), None)
        assert again == Effect(1_000_000, 905_000, 300_000, 114_000, 1, 1, "2022-03", ("ORTH",))
        assert await effect_of(w.pool, key, Month(202202), Month(202204)) is None
        dossier = await ReviewBooks(w.pool).dossier(key)
        assert [row["month"] for row in dossier["use"]] == ["2022-01", "2022-02", "2022-03"]
        assert [row["item_code"] for row in dossier["same_type"]] == ["B"]

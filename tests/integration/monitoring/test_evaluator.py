import asyncio
from contextlib import suppress

import pytest

from sinks.postgres.monitoring.alert_rows import partition_of
from sinks.postgres.monitoring.alerts import AlertSession, Evaluated, Folded
from streams.services.monitoring import evaluator, finder
from streams.services.monitoring.evaluator import Evaluator
from tests.integration.monitoring.usage import Ward, ward

GROWTH, TOP = "growth-month-on-month", "top-three-three-months"
_OWN = {"alert_id", "finding", "hospital", "alerts", "alert_versions", "fired_at", "found_at"}
"""Made of the hospital's id or in the order of such, and the instants of its closes."""


async def test_a_close_whose_alerts_were_not_judged_is_judged_by_the_next_evaluator(database: str) -> None:
    async with ward(database) as w:
        await w.use(*(("A", each, 1, 100) for each in ("2022-01", "2022-02", "2022-03")))
        await w.close("2022-01", "2022-02", "2022-03", evaluate=False)
        assert await w.alerts(TOP, "month") == []
        await Evaluator(w.pool, w.evaluator._zone).until_idle()
        assert await w.alerts(TOP, "month", "months_in_a_row") == [("2022-03", 3)]


async def test_however_small_the_portions_the_same_is_said(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    months = ("2022-01", "2022-02", "2022-03")
    lines = [
        (item, each, 1 + (place * 7 + number * 5) % 11, (3 + (place * 5 + number * 3) % 13) * 20_000)
        for number, each in enumerate(months)
        for place, item in enumerate("ABCDE")
    ]

    async def said(w: Ward, hospital: str) -> dict[str, set[tuple[object, ...]]]:
        for number, department in enumerate(("ORTH", "CARD", "NEURO")):
            await w.use(*lines[number:], department=department, hospital=hospital)
        await w.close(*months, hospital=hospital)
        await w.use(("E", "2022-02", 50, 9_000_000), department="CARD", hospital=hospital)
        return {
            table: {
                tuple(value for name, value in row.items() if name not in _OWN and value != hospital)
                for row in await w.pool.fetch(f"SELECT * FROM {table} WHERE hospital = $1", hospital)
            }
            for table in ("udi.alert", "udi.standing", "udi.watch_finding")
        }

    async with ward(database) as w:
        whole = await said(w, "H1")
        await w.watch("ABCDE", hospital="H2")
        await w.scan("2022-01", hospital="H2")
        monkeypatch.setattr(evaluator, "CELLS_MAX", 2)
        monkeypatch.setattr(evaluator, "SCOPES_MAX", 1)
        monkeypatch.setattr(finder, "FINDINGS_MAX", 1)
        assert await said(w, "H2") == whole
        assert all(whole.values())


async def test_many_evaluators_at_once_fold_and_publish_once(database: str) -> None:
    async with ward(database) as w:
        await w.use(("A", "2022-05", 10, 100_000))
        for _ in range(40):
            await w.use(("A", "2022-06", 1, 3_000), ("B", "2022-06", 1, 3_000), department="ORTH", evaluate=False)
        others = [Evaluator(w.pool, w.evaluator._zone) for _ in range(4)]
        await asyncio.gather(*(each.until_idle() for each in others))
        usage = await w.usage()
        assert (usage["H1", "A", "2022-06"], usage["ORTH", "B", "2022-06"]) == ((40, 120_000), (40, 120_000))
        versions = await w.pool.fetchval("SELECT count(*) FROM udi.alert")
        seqs = await w.pool.fetch("SELECT seq FROM report.outbox WHERE topic = 'udi.alerts' ORDER BY seq")
        assert [row["seq"] for row in seqs] == list(range(1, versions + 1))


async def test_a_session_with_too_much_in_hand_is_tried_again_with_less(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []
    fold, record = AlertSession.fold, AlertSession.record

    async def counted(session: AlertSession, deltas_max: int) -> Folded:
        tried.append((folded := await fold(session, deltas_max)).deltas)
        return folded

    async def failing(session: AlertSession, evaluated: Evaluated) -> None:
        if tried[-1] > 3:
            raise TimeoutError
        await record(session, evaluated)

    async with ward(database) as w:
        for _ in range(8):
            await w.use(("A", "2022-06", 1, 3_000), evaluate=False)
        monkeypatch.setattr(AlertSession, "fold", counted)
        monkeypatch.setattr(AlertSession, "record", failing)
        while await w.pool.fetchval("SELECT EXISTS (SELECT FROM udi.usage_delta)"):
            with suppress(TimeoutError):
                await w.evaluator.evaluate()
        assert (await w.usage())["H1", "A", "2022-06"] == (8, 24_000)
        assert tried == [8, 4, 2, 4, 2, 4, 2, 2]


async def test_closes_are_judged_one_in_a_session_the_oldest_first(database: str) -> None:
    async with ward(database) as w:
        await w.use(*(("A", each, 1, 100) for each in ("2022-01", "2022-02", "2022-03")))
        await w.close("2022-01", "2022-02", "2022-03", evaluate=False)
        judged = []
        for _ in range(3):
            assert (await w.evaluator.evaluate()).judged == 1
            judged.append(await w.pool.fetchval("SELECT min(month) FROM udi.close_pending"))
        assert judged == [202202, 202203, None]
        assert await w.alerts(TOP, "month", "months_in_a_row") == [("2022-03", 3)]


async def test_versions_go_out_by_the_hash_of_their_scope_and_each_partition_counts_its_own(database: str) -> None:
    async with ward(database) as w:
        await w.pool.execute("INSERT INTO udi.topic_counter SELECT 'alerts', generate_series(1, 3)")
        for department in ("ORTH", "CARD", "NEURO", "ENT"):
            await w.use(("A", "2022-05", 10, 100_000), ("A", "2022-06", 20, 200_000), department=department)
        rows = await w.pool.fetch("SELECT partition, seq, key, id FROM report.outbox WHERE topic = 'udi.alerts'")
        assert all(row["partition"] == partition_of(row["key"], 4) for row in rows)
        assert len({row["id"] for row in rows}) == len(rows) == await w.pool.fetchval("SELECT count(*) FROM udi.alert")
        by_partition = {
            row["partition"]: [each["seq"] for each in rows if each["partition"] == row["partition"]] for row in rows
        }
        assert len(by_partition) > 1
        assert all(sorted(seqs) == list(range(1, len(seqs) + 1)) for seqs in by_partition.values())


async def test_what_a_session_says_goes_out_in_blocks_of_at_most_five_hundred(database: str) -> None:
    async with ward(database) as w:
        items = [f"I{number}" for number in range(600)]
        await w.watch(items)
        await w.use(*((item, "2022-06", 1, 100_000) for item in items))
        blocks = await w.pool.fetch(
            "SELECT first_seq, last_seq FROM udi.outbox_block WHERE topic = 'alerts' ORDER BY first_seq"
        )
        assert [tuple(block) for block in blocks] == [(1, 500), (501, 600)]
        assert len(await w.bodies()) == 600


def test_a_key_lies_where_kafkas_own_clients_put_it() -> None:
    # Hashes of Apache Kafka's UtilsTest.testMurmur2.
    hashes = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}
    assert [partition_of(key, 2**31) for key in hashes] == [hash_ & 0x7FFFFFFF for hash_ in hashes.values()]


async def test_the_evaluator_runs_alone_by_its_lease_and_hands_it_over(database: str) -> None:
    async with ward(database) as w:
        first = asyncio.create_task(w.evaluator.run())
        await w.use(("A", "2022-05", 10, 100_000), ("A", "2022-06", 20, 200_000), evaluate=False)
        async with asyncio.timeout(30):
            while not await w.alerts(GROWTH, "version"):
                await asyncio.sleep(0.05)
        assert await w.pool.fetchval("SELECT count(*) FROM udi.lease WHERE name = 'evaluator'") == 1
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert await w.pool.fetchval("SELECT count(*) FROM udi.lease") == 0

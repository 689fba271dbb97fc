"""`udi findings`, `rules`, `review`, `breaker` and `quota` as people run them, over a ward with a finding."""

import asyncio
import re
from pathlib import Path
from typing import Any

import orjson
from typer.testing import CliRunner

from streams.cli.main import app
from tests.integration.monitoring.usage import Ward, ward


async def udi(database: str, *words: str) -> tuple[int, str, str]:
    """Exit status, standard output and error."""
    environment = {"UDI_DATABASE_URL": database, "UDI_BOOTSTRAP_SERVERS": "127.0.0.1:9", "COLUMNS": "140"}
    done = await asyncio.to_thread(CliRunner().invoke, app, list(words), env=environment)
    return done.exit_code, done.stdout, done.stderr


async def found(w: Ward) -> None:
    await w.use(("A", "2022-01", 100, 1_000_000), ("A", "2022-02", 200, 2_000_000), department="ORTH")
    await w.close("2022-01", "2022-02")


async def test_a_finding_is_listed_reviewed_and_stopped_by_commands(database: str, tmp_path: Path) -> None:
    async with ward(database) as w:
        await found(w)
        status, out, error = await udi(database, "findings", "2022-02", "--json")
        assert (status, error) == (0, "")
        [row] = orjson.loads(out)
        finding = row["finding"]
        whole = {part["factor"]: part["amount"] for part in row["cause"]}
        assert whole == {"caseload": "0.00", "use": "10000.00", "mix": "0.00", "price": "0.00"}
        assert {(each["scope"], each["measure"], each["status"]) for each in row["alerts"]} == {
            (scope, measure, "fired") for scope in ("H1", "ORTH") for measure in ("amount", "quantity")
        }

        async def review(*words: str) -> int:
            return (await udi(database, "review", finding, *words, "--by", "li"))[0]

        assert await review("talk", "--text", "too early") == 1
        assert await review("assign", "--owner", "wang", "--due", "2022-03-15") == 0
        assert (
            await review("opinion", "--voice", "medical", "--vote", "unjustified", "--reason", "no more patients") == 0
        )
        letter = tmp_path / "letter.html"
        assert await review("warn", "--text", "<second> month", "--letter", str(letter)) == 0
        assert "&lt;second&gt; month" in letter.read_text(encoding="utf-8")
        assert await review("break", "--scope", "department:ORTH", "--reason", "still twice the use") == 0
        assert (await udi(database, "review", finding, "effect"))[0] == 1
        await w.use(("A", "2022-03", 110, 1_100_000), department="ORTH")
        status, out, _ = await udi(database, "review", finding, "effect", "--since", "2022-03", "--by", "li")
        assert (status, "10000.00 yuan a month before, 11000.00 after (+10.00 %)" in out) == (0, True)
        assert await review("close", "--outcome", "stopped") == 0
        shown = await json(database, "review", finding)
        assert (shown["state"], [each["kind"] for each in shown["entries"]]) == (
            "closed", ["assign", "opinion", "warn", "break", "effect", "close"],
        )  # fmt: skip
        assert shown["entries"][4]["effect"] == {
            "before": "10000.00", "after": "11000.00", "elsewhere_before": "0.00", "elsewhere_after": "0.00",
            "months_before": 1, "months_after": 1, "after_from": "2022-03", "departments": ["ORTH"],
        }  # fmt: skip
        # What was done is a case that a rule which is tried should name.
        words = ("back-test", "top-three-three-months", "--from", "2022-02", "--to", "2022-02")
        assert (await json(database, "rules", *words))[0]["known_missed"] == ["A"]
        [stands] = await json(database, "breaker")
        assert (stands["item_code"], stands["scope"], stands["state"], stands["by"]) == ("A", "ORTH", "open", "li")
        assert (await udi(database, "breaker", "close", "A", "--scope", "department:ORTH", "--reason", "over"))[0] == 0
        assert (await json(database, "breaker"))[0]["state"] == "closed"
        [page, _] = (await json(database, "pack", "2022-02", "--out", str(tmp_path)))["files"]
        told = await asyncio.to_thread(Path(page).read_text, encoding="utf-8")
        assert "<td>wang</td>" in told
        assert re.search("熔断 circuit breaker: .*still twice the use", told)
        assert "<td>stopped</td>" in told


async def json(database: str, *words: str) -> Any:
    status, out, error = await udi(database, *words, "--json")
    assert (status, error) == (0, ""), (words, out, error)
    return orjson.loads(out)


async def test_rules_are_drafted_back_tested_and_switched_by_commands(database: str, tmp_path: Path) -> None:
    async with ward(database) as w:
        await found(w)
        file = tmp_path / "rule.toml"
        file.write_text('rule = "strict"\nkind = "growth"\nbase = "month"\nthreshold_percent = 5\n', encoding="utf-8")
        assert (await udi(database, "rules", "draft", str(file), "--reason", "see how much"))[0] == 0
        tested = await json(database, "rules", "back-test", "strict", "--from", "2022-01", "--to", "2022-02")
        assert [(row["month"], row["findings"], row["named_by_others_too"]) for row in tested] == [
            ("2022-01", 0, 0), ("2022-02", 1, 1),
        ]  # fmt: skip
        known = tmp_path / "known.csv"
        known.write_text("item_code,month\nA,2022-02\nB,2022-02\n", encoding="utf-8")
        words = ("back-test", "strict", "--from", "2022-02", "--to", "2022-02", "--known", str(known))
        [row] = await json(database, "rules", *words)
        assert (row["known"], row["known_missed"], row["left_out"]) == (["A", "B"], ["B"], [])
        known.write_text("item_code,month\nA,2022-13\n", encoding="utf-8")
        status, _, error = await udi(database, "rules", *words)
        assert (status, "row 2: Expected a month from 01 to 12" in error) == (2, True)
        assert (await udi(database, "rules", "switch-on", "strict", "--reason", "agreed"))[0] == 0
        [row] = [each for each in await json(database, "rules") if each["rule"] == "strict"]
        assert (row["status"], row["valid_from"]) == ("on", "2022-03")
        file.write_text('rule = "odd"\nkind = "rank"\nbase = "month"\n', encoding="utf-8")
        status, _, error = await udi(database, "rules", "draft", str(file), "--reason", "x")
        assert (status, "Expected base not in a rule of the kind rank." in error) == (2, True)


async def test_quotas_come_out_of_a_file_and_burn_down(database: str, tmp_path: Path) -> None:
    async with ward(database) as w:
        version = await w.pool.fetchval("UPDATE udi.fact_counter SET version = version + 1 RETURNING version")
        await w.pool.execute(
            "INSERT INTO udi.catalogue VALUES ('H1', 'A', $1, $2, NULL, now())", version,
            orjson.dumps({"hospital": "H1", "item_code": "A", "controlled_category": "staplers"}),
        )  # fmt: skip
        await w.use(("A", "2022-01", 10, 100_000), department="ORTH")
        file = tmp_path / "quotas.csv"
        file.write_text(
            "category,department,month,released\nstaplers,ORTH,2022-01,40\nstaplers,CARD,2022-13,5\n", encoding="utf-8"
        )
        status, out, _ = await udi(database, "load", "quotas", str(file), "--hospital", "H1")
        assert (status, "1 quotas loaded, 1 bad rows." in out) == (1, True)
        [row] = await json(database, "quota", "2022-01")
        assert (row["released"], row["used"], row["left"], row["exhausted_on"]) == (40, 10, 30, "2022-01-04")
        assert (row["measure"], row["above"]) == ("units", None)


async def test_totals_and_mixes_come_out_of_the_same_file(database: str, tmp_path: Path) -> None:
    async with ward(database) as w:
        version = await w.pool.fetchval("UPDATE udi.fact_counter SET version = version + 2 RETURNING version")
        about = {"hospital": "H1", "controlled_category": "staplers"}
        await w.pool.executemany(
            "INSERT INTO udi.catalogue VALUES ('H1', $1, $2, $3, NULL, now())",
            [
                (code, version - place, orjson.dumps(about | {"item_code": code}))
                for place, code in enumerate(("A", "B"))
            ],
        )
        # Ten at 100.00 and five at 300.00 yuan.
        await w.use(("A", "2022-01", 10, 100_000), ("B", "2022-01", 5, 150_000), department="ORTH")
        file = tmp_path / "quotas.csv"
        file.write_text(
            "category,department,month,measure,released,above\n吻合器,ORTH,2022-01,总量,3000.00,\n"
            "staplers,ORTH,2022-01,total,3000.50,\nstaplers,ORTH,2022-01,mix,40%,100\n"
            "staplers,ORTH,2022-02,mix,101,100\nstaplers,ORTH,2022-02,mix,10,\nstaplers,ORTH,2022-02,share,10,\n"
            "staplers,ORTH,2022-02,total,-1,\nstaplers,ORTH,2022-02,units,5,100\n", encoding="utf-8",
        )  # fmt: skip
        status, out, _ = await udi(database, "load", "quotas", str(file), "--hospital", "H1", "--json")
        loaded = orjson.loads(out)
        assert (status, loaded["loaded"], [(row["row"], row["column"]) for row in loaded["bad"]]) == (
            1, 3, [(5, "released"), (6, "above"), (7, "measure"), (8, "released"), (9, "above")],
        )  # fmt: skip
        rows = {(row["category"], row["measure"]): row for row in await json(database, "quota", "2022-01")}
        found = {key: tuple(row[name] for name in ("released", "used", "left")) for key, row in rows.items()}
        assert found == {
            ("吻合器", "total"): ("3000.00", "0.00", "3000.00"),
            ("staplers", "total"): ("3000.50", "2500.00", "500.50"), ("staplers", "mix"): ("40.00", "33.33", "6.67"),
        }  # fmt: skip
        assert rows["staplers", "mix"]["exhausted_on"] is None
        assert rows["staplers", "total"]["exhausted_on"] == "2022-01-02"

"""An identity number that is scanned or typed is readable in no view, list, message or learned pattern."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from pydantic import SecretStr

from models.charging.commands import CommandKind
from models.personal import masked
from sinks.postgres.charging.stories import story_of
from sinks.postgres.roles import READER
from streams.cli.charging.scan import codes_of
from streams.cli.operating.dead_letters import dead_letters
from streams.services.learner import Learner
from streams.settings import Settings
from tests.support.builders import DI, body, gs1, scan, scan_id
from tests.support.ward import PostgresStore, Ward, postgres_store, usual

NUMBER: Final = "110103201012250009"
"""By its check character; of nobody."""
FORMS: Final = (
    NUMBER, "110103 20101225 0009", "110103-20101225-0009", "110103.20101225.0009", "110103  20101225  0009",
    "1101 0320 1012 2500 09", "110103 2010 1225 0009", f"91{NUMBER}", f"90{NUMBER}", f"240{NUMBER}", NUMBER * 2,
    "110103/20101225/0009", "110103_20101225_0009", "110103,20101225,0009", "110103·20101225·0009",
    "110103–20101225–0009", "110103\t20101225\t0009", "110 103 201 012 250 009", "110103 201012 250009",
    "110103 2010-12-25 0009", "11010320101225000 9", f"00{NUMBER}", f"01{NUMBER}", f"8018{NUMBER}", f"1{NUMBER}",
    f"{NUMBER}1",
)  # fmt: skip
AS_SENT: Final = (f"]C0{NUMBER}", f"]d1{NUMBER}", f"\\000026{NUMBER}")
LABEL: Final = gs1(DI, expiry="271231", lot="L1")


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as books:
        yield books


def told() -> list[dict[str, Any] | bytes]:
    """Scans that hold the number in every field a scanner or a hand may put it in, good ones and refused ones."""
    good = [
        scan(1, codes=[NUMBER]),
        scan(2, codes=[LABEL, NUMBER]),
        scan(3, codes=[f"ID:{FORMS[1]}"]),
        scan(4, codes=[f"BEGIN:VCARD\nNOTE:{FORMS[11]}\nEND:VCARD"], entry="manual", reason="cannot be scanned"),
        scan(5, codes=[NUMBER], action="receive"),
        scan(6, codes=[LABEL], action="return", corrects=str(scan_id(2)), reason=f"of {NUMBER}, wrong patient"),
        scan(7, codes=[f"]C0{NUMBER}"]),
        scan(8, codes=[LABEL]),
    ]
    refused = [
        scan(11, codes=[NUMBER] * 5),
        scan(12, codes=NUMBER),
        scan(13, codes=[LABEL], quantity=NUMBER),
        scan(14, codes=[LABEL], action=f"use for {FORMS[1]} and more, so that the text is cut somewhere"),
    ]
    return [*good, *refused, f'{{"{NUMBER}": 1, "{NUMBER}": 2}}'.encode(), body(scan(15)) + NUMBER.encode()]


def hidden(text: str) -> bool:
    return not any(form in text or form.encode().hex() in text for form in FORMS)


async def test_a_scanned_identity_number_is_readable_nowhere(store: PostgresStore, database: str) -> None:
    ward = await Ward(store).open(*usual())
    await ward.scan(*told())
    await store.command(CommandKind.REJECT, 2)
    await store.command(CommandKind.CORRECT, 8, {"codes": [LABEL, f"ID:{FORMS[12]}"]})
    await ward.sweep()
    await Learner(store.pool).until_idle()

    assert await store.pool.fetchval("SELECT count(*) FROM udi.scan") == len(told())
    assert await store.pool.fetchval("SELECT count(*) FROM report.corrections") == 1
    personal = "SELECT count(*) FROM udi.scan WHERE 'personal_number' = ANY (label_flags)"
    assert await store.pool.fetchval(personal) == 6
    for row in await store.pool.fetch("SELECT viewname FROM pg_views WHERE schemaname = 'report'"):
        view = row["viewname"]
        sent_again = "WHERE topic NOT LIKE '%dead-letters'" if view == "outbox" else ""  # Byte for byte as they came.
        lines = await store.pool.fetch(f"SELECT v::text AS line FROM report.{view} v {sent_again}")
        assert [line["line"] for line in lines if not hidden(line["line"])] == [], view
    async with store.pool.acquire() as connection, connection.transaction():
        await connection.execute(f"SET LOCAL ROLE {READER}")
        assert any("***" in row["body"] for row in await connection.fetch("SELECT body::text FROM report.commands"))
    patterns = await store.pool.fetch("SELECT p::text AS line FROM udi.lot_shape p")
    messages = await store.pool.fetch(
        "SELECT o.bodies::text AS line FROM udi.outbox_kept o WHERE topic <> 'dead-letters'"
    )
    assert patterns
    assert messages
    assert all(hidden(row["line"]) for row in (*patterns, *messages))
    settings = Settings(database_url=SecretStr(database))
    letters = [str(each.row()) for each in await dead_letters(settings, store.pool, None, None)]
    assert len(letters) >= 6
    assert all(map(hidden, letters))
    for number in (2, 6):
        story = await story_of(store.pool, "H1", scan_id(number))
        assert story is not None
        assert hidden(str(codes_of(story)))


async def test_the_books_mask_as_the_rules_do(store: PostgresStore) -> None:
    texts = [
        *FORMS, *AS_SENT, f"of {NUMBER}, and of {FORMS[1]}.",
        "110103201012250008", "110103201002300000", "11010320101225001X",
        f"33{NUMBER}", f"{NUMBER}11", f"1{NUMBER}1", f"x{NUMBER}x", f"{NUMBER}{NUMBER}11", NUMBER * 3,
        "160103201012250008", "911101201012250006", "110103\r\n20101225\r\n0009", "110103    20101225    0009",
        "110103\\t20101225\\n0009",
        "110103\\u201320101225\\u20130009", "110103a20101225a0009", "110103 20101325 0000",
        f"10{NUMBER}", f"89{NUMBER}", f"{NUMBER}110103201012250008",
        "21010320101225000X", "210103 2010 1225 00 09", f"]C091{NUMBER}", "2021-06-01 2021-07-01 2021-08-01",
        "", "stent broke", "010691234512345610ABC2112345678901234567",
    ]  # fmt: skip
    for text in texts:
        assert await store.pool.fetchval("SELECT udi.masked_2($1)", text) == masked(text), text

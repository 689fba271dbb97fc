"""A record without value ends an item of the catalogue, and is a dead letter everywhere else."""

from typing import Any

from pydantic import SecretStr

from models.wire.topics import TOPICS
from sinks.ports.batch import RawRecord
from sinks.postgres.assessment.cases import AssessedBatch, AssessedBooks
from sinks.postgres.catalogue.facts import FactBatch, FactBooks
from sinks.postgres.reconciling.his_lines import HisLineBooks, LineBatch
from sinks.postgres.stock.cabinets import CabinetBatch, CabinetBooks
from sinks.postgres.stock.supply_facts import SupplyBatch, SupplyBooks
from streams import language
from streams.cli.operating.dead_letters import dead_letters
from streams.cli.phrases import told
from streams.settings import Settings
from tests.support.builders import NOON, item
from tests.support.ward import CLUSTER, LANES, Ward, postgres_store

TOMBSTONE = RawRecord(b"H1/X", None)


async def test_a_tombstone_that_ends_nothing_is_a_dead_letter_on_every_input_topic(database: str) -> None:
    async with postgres_store(database) as store:
        for topic, books, parse, add, batch in steps(store.pool):
            position = await books.take_over(CLUSTER, f"udi.{topic}", 0)
            add(batch, parse(TOMBSTONE), NOON, position.origin(0))
            await books.record(position, 1, None, batch)
        settings = Settings(database_url=SecretStr(database))
        found = await dead_letters(settings, store.pool, None, None)

    nothing = "Expected a JSON object, got a record without value."
    unknown = "Expected a tombstone with the key of a known item, got 'H1/X'."
    inputs = {topic.name for topic in TOPICS if topic.written_by != "relay"} - {"scans"}
    assert {each.place[0]: (each.reason, each.detail, each.key) for each in found} == {
        f"udi.{name}": ("bad-event", unknown, b"H1/X") if name == "catalogue" else ("not-json", nothing, b"H1/X")
        for name in inputs
    }
    language.choose("zh-CN")
    in_chinese = told(unknown)
    language.choose("en")
    assert in_chinese == "终止记录的键须为已知项目，得到 'H1/X'。"


def steps(pool: Any) -> list[tuple[str, Any, Any, Any, Any]]:
    """Of each topic of facts: its books, what a record says, what follows from it, and the batch that takes it."""
    facts, lines, cases = FactBooks(pool, LANES), HisLineBooks(pool, LANES), AssessedBooks(pool, LANES)
    supply, reads = SupplyBooks(pool, LANES), CabinetBooks(pool, LANES)
    return [
        ("catalogue", facts, facts.parse_item, facts.add, FactBatch()),
        ("encounters", facts, facts.parse_encounter, facts.add, FactBatch()),
        ("his-charges", lines, lines.parse, lines.add, LineBatch()),
        ("discharges", cases, cases.parse_discharge, cases.add_discharge, AssessedBatch()),
        ("income", cases, cases.parse_income, cases.add_income, AssessedBatch()),
        ("recalls", supply, supply.parse_recall, supply.add_recall, SupplyBatch()),
        ("stores", supply, supply.parse_store, supply.add_store, SupplyBatch()),
        ("deliveries", supply, supply.parse_delivery, supply.add_delivery, SupplyBatch()),
        ("cabinet-reads", reads, reads.parse, reads.add, CabinetBatch()),
    ]


async def test_a_tombstone_of_a_known_item_ends_it_and_is_no_dead_letter(database: str) -> None:
    async with postgres_store(database) as store:
        await Ward(store).open(item())
        books = FactBooks(store.pool, LANES)
        position = await books.take_over(CLUSTER, "udi.catalogue", 0)
        end = books.parse_item(RawRecord(b"H1/SCREW", None))
        batch = await books.gather([end])
        books.add(batch, end, NOON, position.origin(1))

        assert (batch.letters, [row[4] for row in batch.items]) == ([], [NOON])

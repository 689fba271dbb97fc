"""`udi lane`: where the input topics stand in the books, and the offsets that a person gives up."""

import asyncio
from dataclasses import asdict, dataclass
from typing import Annotated, Final

import asyncpg
import typer
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from models.wire.topics import TOPICS
from sinks.postgres.operating.interventions import Intervention, Interventions, Kind
from streams.cli.charging.persons import person
from streams.cli.connection import By, Why, bad, run
from streams.cli.lists import listing
from streams.cli.operating.outputs import check_place, resume
from streams.cli.phrases import told_cell
from streams.cli.shown import AsJson, print_json, print_table
from streams.lanes.reader import BROKER_SECONDS_MAX
from streams.settings import Settings
from streams.topics import cluster_id
from streams.waiting import bounded

lane_app = typer.Typer(help="The input topics against the books.", no_args_is_help=True)
_INPUTS: Final = tuple(topic.name for topic in TOPICS if topic.written_by != "relay")
_SILENT_SECONDS_MAX: Final = 5.0
"""Where nothing more comes for so long, no record is; the embedded broker's end of a log may be too low."""
_POLL_MS: Final = 500
Where = Annotated[str, typer.Argument(metavar="LANE", help="Topic without its prefix, and partition, like scans/0.")]


@dataclass(frozen=True, slots=True)
class InputState:
    """One input partition."""

    topic: str
    """Its name, without the prefix."""
    partition: int
    """Partition of the topic."""
    next_offset: int
    """Where the books stand."""
    first: int
    """The oldest offset that is still on the topic."""
    end: int
    """The one after the newest."""

    @property
    def problem(self) -> str | None:
        """What stops it; `None` when nothing that can be seen from outside does."""
        if self.next_offset < self.first:
            return f"retention has passed the position: {self.first - self.next_offset} offsets are gone"
        return f"the topic ends before the position, at {self.end}" if self.next_offset > self.end else None


@lane_app.command("status")
@listing
def status(*, as_json: AsJson = False) -> None:
    """Each input partition: where the books stand and what is on the topic. Exit 1 when one can't go on."""
    rows = run(_states)
    if as_json:
        print_json([asdict(each) | {"problem": each.problem} for each in rows])
    else:
        columns = ("lane", ">books", ">oldest", ">end", "what stops it")
        cells = [
            (f"{each.topic}/{each.partition}", each.next_offset, each.first, each.end, told_cell(each.problem or ""))
            for each in rows
        ]
        print_table("", columns, cells)
    raise typer.Exit(1 if any(each.problem for each in rows) else 0)


async def _states(settings: Settings, pool: asyncpg.Pool) -> list[InputState]:
    found = await Interventions(pool).stands(await cluster_id(settings))
    partitions = [TopicPartition(each.topic, each.partition) for each in found]
    async with AIOKafkaConsumer(**settings.kafka(), enable_auto_commit=False) as consumer:
        first = await bounded(consumer.beginning_offsets(partitions), BROKER_SECONDS_MAX)
        end = await bounded(consumer.end_offsets(partitions), BROKER_SECONDS_MAX)
    if settings.embedded_broker:
        # It tells its ends late: what the books have read was there.
        end = {tp: max(end[tp], each.next_offset) for each, tp in zip(found, partitions, strict=True)}
    prefix = len(settings.topic_prefix)
    return [
        InputState(each.topic[prefix:], each.partition, each.next_offset, first[tp], end[tp])
        for each, tp in zip(found, partitions, strict=True)
    ]


@lane_app.command("pass")
def pass_(
    where: Where,
    offset: Annotated[int, typer.Argument(metavar="OFFSET", min=0, help="Of the record; not recorded yet.")],
    *,
    reason: Why,
    until: Annotated[int | None, typer.Option(help="Up to before this offset; by default OFFSET alone.")] = None,
    by: By = None,
) -> None:
    """Give up a record at which a lane stands still: it goes on without it, and its bytes are kept with who and why.

    With --until a range of offsets, also those that retention has taken.
    """
    who, (topic, partition) = person(by), _input(where)
    to = offset + 1 if until is None else until
    if to <= offset:
        bad(f"Expected an offset above {offset}, got {to}.")

    async def work(settings: Settings, pool: asyncpg.Pool) -> int:
        check_place(settings, (topic, partition))
        tp, cluster = TopicPartition(settings.topic(topic), partition), await cluster_id(settings)
        books = Interventions(pool)
        at = {each[:2]: each.next_offset for each in await books.stands(cluster)}.get(tp, 0)
        if offset < at:
            bad(f"Expected an offset that is not recorded yet, at least {at}, got {offset}.")
        found = await _records(settings, tp, offset, to)
        first = found.get(offset)
        kept = Intervention(
            Kind.PASS, who, reason, topic, partition, cluster, offset, to,
            first.key if first else None, first.value if first else None,
        )  # fmt: skip
        await books.keep(kept)
        return len(found)

    there = run(work)
    typer.echo(f"Kept. {where} goes on without them within seconds; of the offsets given up {there:,} held a record.")


async def _records(settings: Settings, tp: TopicPartition, start: int, end: int) -> dict[int, ConsumerRecord | None]:
    """The records that are still on the topic from `start` up to before `end`, by their offset; none if unreadable.

    What is not there yet can't be given up: whoever sends it would never hear of it.
    """
    found: dict[int, ConsumerRecord | None] = {}
    clock = asyncio.get_running_loop().time
    async with AIOKafkaConsumer(
        **settings.kafka(), enable_auto_commit=False, auto_offset_reset="none", isolation_level="read_committed"
    ) as consumer:
        consumer.assign([tp])
        oldest = (await bounded(consumer.beginning_offsets([tp]), BROKER_SECONDS_MAX))[tp]
        newest = (await bounded(consumer.end_offsets([tp]), BROKER_SECONDS_MAX))[tp]
        beyond = f"Expected an offset up to the end of the topic, {newest}, got {end}."
        if end > newest and not settings.embedded_broker:
            bad(beyond)
        consumer.seek(tp, max(start, oldest))
        heard = clock()
        while (at := await consumer.position(tp)) < end and clock() - heard < _SILENT_SECONDS_MAX:
            try:
                records = (await consumer.getmany(tp, timeout_ms=_POLL_MS, max_records=1)).get(tp, [])
            except OffsetOutOfRangeError:
                break
            except ValueError:  # The client can't take it apart; it stays on the topic.
                found[at] = None
                consumer.seek(tp, at + 1)
                continue
            found |= {record.offset: record for record in records if record.offset < end}
            heard = clock() if records else heard
        if at < end and settings.embedded_broker:
            bad(beyond)
    return found


def _input(text: str) -> tuple[str, int]:
    topic, _, number = text.rpartition("/")
    if topic not in _INPUTS or not (number.isascii() and number.isdigit()):
        bad(f"Expected LANE like scans/0 with a topic out of {', '.join(_INPUTS)}, got {text!r}.")
    return topic, int(number)


lane_app.command("resume")(resume)

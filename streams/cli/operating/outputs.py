"""`udi relay`: what lies on the output topics against the outbox, and what a person may do when they contradict."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

import asyncpg
import typer
from aiokafka import ConsumerRecord, TopicPartition

from models.wire.topics import ID_HEADER, ORIGIN_HEADER, REASON_HEADER, TOPICS
from rules.outputs import OutputRecord, Rejoined, rejoined
from sinks.postgres.operating.interventions import Intervention, Interventions, Kind
from sinks.postgres.operating.rebinding import HeldOutput, StoredRecord, held_output, start_after
from sinks.postgres.outbox import Outbox, Output
from streams.cli.charging.persons import person
from streams.cli.connection import By, Why, bad, run
from streams.cli.lists import listing
from streams.cli.operating.topic_reader import TopicReader
from streams.cli.phrases import told_cell
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, print_json, print_table
from streams.services.relay.resuming import Known, RelayStoppedError, check_same, go_on_after
from streams.services.relay.tail import Tail, ours_of, read_tails
from streams.settings import Settings
from streams.topics import cluster_id

relay_app = typer.Typer(help="The output topics against the outbox.", no_args_is_help=True)
_OUTPUTS: Final = tuple(topic.name for topic in TOPICS if topic.written_by == "relay")
Where = Annotated[str, typer.Argument(metavar="TOPIC/PARTITION", help="Like billing/0; the topic without its prefix.")]


@dataclass(frozen=True, slots=True)
class OutputState:
    """One output partition as it stands."""

    topic: str
    """Topic, by its name in `models.wire.topics`."""
    partition: int
    """Partition of the topic."""
    outbox: int
    """Sequence number of the newest record in the outbox."""
    on_topic: int | None
    """That of the newest record on the topic; `None` when none of ours is there."""
    floor: int
    """The last one known to be published to this cluster."""
    problem: str | None
    """What would stop the relay; `None` when nothing would."""


@relay_app.command("status")
@listing
def status(*, as_json: AsJson = False) -> None:
    """Each output: how far outbox and topic are, and what would stop the relay. Exit 1 when something would."""
    rows = run(_states)
    if as_json:
        print_json([_row(each) for each in rows])
    else:
        columns = ("output", ">outbox", ">topic", ">waits", "what would stop the relay")
        print_table("", columns, [_cells(each) for each in rows])
    raise typer.Exit(1 if any(each.problem for each in rows) else 0)


def _row(each: OutputState) -> dict[str, Any]:
    return {name: getattr(each, name) for name in OutputState.__slots__}


def _cells(each: OutputState) -> tuple[Any, ...]:
    waits = max(0, each.outbox - (each.on_topic if each.on_topic is not None else each.floor))
    return f"{each.topic}/{each.partition}", each.outbox, each.on_topic, waits, told_cell(each.problem or "")


async def _states(settings: Settings, pool: asyncpg.Pool) -> list[OutputState]:
    outbox, cluster = Outbox(pool), await cluster_id(settings)
    outputs = sorted(await outbox.newest(), key=lambda output: (_OUTPUTS.index(output[0]), output[1]))
    tails = await read_tails(settings, [TopicPartition(settings.topic(topic), number) for topic, number in outputs])
    newest = await outbox.newest()
    return [
        await _state(outbox, cluster, output, tail, newest[output])
        for output, tail in zip(outputs, tails.values(), strict=True)
    ]


async def _state(outbox: Outbox, cluster: str, output: Output, tail: Tail, newest: int) -> OutputState:
    floor, begun, purged = await outbox.floor(cluster, *output)
    problem = None
    where = f"{output[0]}/{output[1]}"
    try:
        seq = go_on_after(where, tail, Known(newest, floor, begun, 0, purged))
        known = (await outbox.after({output: seq}, 0))[output].tail_id
        check_same(where, seq, tail.newest.id if tail.newest else None, known)
    except RelayStoppedError as error:
        problem = str(error)
    return OutputState(*output, newest, tail.newest.seq if tail.newest else None, floor, problem)


@relay_app.command("resume")
def resume(where: Annotated[list[str] | None, typer.Argument(metavar="[TOPIC/PARTITION]…")] = None,
           *, reason: Why, by: By = None) -> None:  # fmt: skip
    """Let what has stopped look again: outputs or input partitions, all of them when none is named."""
    who, places = person(by), [_place(each) for each in where or ()]
    _check_reason(reason)

    async def work(settings: Settings, pool: asyncpg.Pool) -> None:
        for place in places:
            check_place(settings, place)
        for topic, partition in places:
            await Interventions(pool).keep(Intervention(Kind.RESUME, who, reason, topic, partition))
        if not places:
            await Interventions(pool).keep(Intervention(Kind.RESUME, who, reason))

    run(work)
    typer.echo("Kept. What has stopped looks again within seconds; it stops again when nothing has changed.")


@relay_app.command("start")
def start(
    where: Where,
    seq: Annotated[int, typer.Argument(metavar="SEQ", min=0, help="The last record not to be published.")],
    *,
    reason: Why,
    by: By = None,
) -> None:
    """Publish on after record SEQ: to a new cluster from a chosen point, or again what the broker has lost."""
    who, output = person(by), _output(where)
    _check_reason(reason)

    async def work(settings: Settings, pool: asyncpg.Pool) -> None:
        check_place(settings, output)
        outbox, cluster = Outbox(pool), await cluster_id(settings)
        newest = (await outbox.newest()).get(output)
        tp = TopicPartition(settings.topic(output[0]), output[1])
        tail = (await read_tails(settings, [tp]))[tp]
        if newest is None or seq > newest:
            bad(f"Expected a record of the outbox, at most {newest or 0}, got {seq}.")
        if tail.newest is not None and tail.newest.seq != seq:
            bad(f"Expected {tail.newest.seq}, the last record on {where}, got {seq}: no gaps, no copies.")
        purged = (await outbox.floor(cluster, *output)).purged
        if seq < purged:
            bad(f"Expected at least {purged}, up to which the outbox has let the bodies go, got {seq}.")
        waiting = (await outbox.after({output: seq}, 0))[output].blocks
        if seq < newest and not (waiting and waiting[0].first_seq <= seq + 1):
            bad(f"Expected record {seq + 1} in the outbox, it was purged; the oldest is there from later on.")
        kept = Intervention(Kind.START, who, reason, *output, cluster, seq, seq + 1)
        await start_after(pool, cluster, seq, anew=tail.newest is None, kept=kept)

    run(work)
    typer.echo(f"{where} goes on with record {seq + 1}.")


@relay_app.command("bind")
def bind(
    where: Where,
    *,
    reason: Annotated[str, typer.Option(help="Why; it is kept. Not needed with --dry-run.")] = "",
    by: By = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what differs.")] = False,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Bind a topic to a database that was restored to an older point: the outbox takes over what is published.

    What lies on the topic gets its place in the outbox, what only the outbox has is numbered after it and published
    next. Records only on the topic are listed: the books don't know them, a person says what becomes of each. Exit 1
    when there are any. Let the workers catch up first: what they record again has the same id.
    """
    who, output = person(by), _output(where)
    if not dry_run:
        _check_reason(reason)

    async def work(settings: Settings, pool: asyncpg.Pool) -> Rejoined:
        check_place(settings, output)
        async with held_output(pool, *output) as held:
            base, on_topic = await _since_they_part(settings, held)
            joined = rejoined(on_topic, [_as_output(each) for each in await held.after(base)])
            if not dry_run and not joined.agrees:
                await held.replace_after(base, _numbered(joined.records, base))
                detail = json.dumps({"only_on_topic": [str(each.id) for each in joined.only_on_topic]})
                cluster = await cluster_id(settings)
                end = base + len(on_topic) + 1
                kept = Intervention(Kind.BIND, who, reason, *output, cluster, base + 1, end, detail=detail)
                await Interventions(held.connection).keep(kept)
        return joined

    _show_joined(where, run(work), limit, dry_run=dry_run, as_json=as_json)


def _show_joined(where: str, joined: Rejoined, limit: int, *, dry_run: bool, as_json: bool) -> None:
    orphans = [(str(each.id), each.body.decode(errors="replace")) for each in joined.only_on_topic]
    if as_json:
        shown = [{"id": id_, "body": body} for id_, body in orphans]
        print_json({"agrees": joined.agrees, "only_on_topic": shown, "published_next": len(joined.only_in_outbox)})
    else:
        if orphans:
            print_table("On the topic, and unknown to the books", ("udi-id", "body"), orphans, limit=limit)
        if joined.agrees:
            typer.echo(f"The outbox has what lies on {where}, in its order; nothing has to change.")
        else:
            done = "would be" if dry_run else "are"
            typer.echo(
                f"{len(orphans):,} records unknown to the books; {len(joined.only_in_outbox):,} {done} published next."
            )
    raise typer.Exit(1 if orphans else 0)


async def _since_they_part(settings: Settings, held: HeldOutput) -> tuple[int, list[OutputRecord]]:
    """The last record that both have at the same place, and what lies on the topic after it."""
    tp = TopicPartition(settings.topic(held.topic), held.partition)
    known = {each.seq: each.id for each in await held.after(0)}
    base, on_topic = 0, list[OutputRecord]()

    async def take(_: TopicPartition, record: ConsumerRecord) -> None:
        nonlocal base
        ours = ours_of(record)
        if ours is None:
            return
        if not on_topic and known.get(ours.seq) == ours.id:
            base = ours.seq
            return
        base = base or ours.seq - 1
        if ours.seq == base + len(on_topic) + 1:
            on_topic.append(_of_topic(ours.id, record))

    async with TopicReader(settings, [tp]) as reader:
        await reader.read(take)
    return base, on_topic


def _of_topic(id_: UUID, record: ConsumerRecord) -> OutputRecord:
    headers = {name: value.decode() for name, value in record.headers if name != ID_HEADER}
    return OutputRecord(
        id_, record.key or b"", record.value or b"", headers.get(REASON_HEADER), headers.get(ORIGIN_HEADER)
    )


def _as_output(each: StoredRecord) -> OutputRecord:
    return OutputRecord(each.id, each.key, each.body, each.reason, each.origin)


def _numbered(records: Sequence[OutputRecord], base: int) -> list[StoredRecord]:
    return [
        StoredRecord(seq, each.id, each.key, each.body, each.reason, each.origin)
        for seq, each in enumerate(records, base + 1)
    ]


def _check_reason(reason: str) -> None:
    if not reason.strip():
        bad("Expected a reason, got an empty one.")


def _place(text: str) -> tuple[str, int]:
    topic, _, number = text.rpartition("/")
    names = {each.name for each in TOPICS}
    if topic not in names or not (number.isascii() and number.isdigit()):
        bad(f"Expected TOPIC/PARTITION with a topic out of {', '.join(sorted(names))}, got {text!r}.")
    return topic, int(number)


def check_place(settings: Settings, place: tuple[str, int]) -> None:
    """See that the installation has the partition of the topic; else one line, exit status 2."""
    topic, partition = place
    count = settings.lanes if next(each for each in TOPICS if each.name == topic).lanes else 1
    if partition >= count:
        bad(f"Expected a partition of {topic} below {count}, got {partition}.")


def _output(text: str) -> Output:
    topic, number = _place(text)
    if topic not in _OUTPUTS:
        bad(f"Expected an output out of {', '.join(_OUTPUTS)}, got {topic!r}.")
    return topic, number

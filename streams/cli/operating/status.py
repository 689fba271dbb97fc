"""`udi status`: whether everything works, what waits, and where the books are, in one screen."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Final

import asyncpg
import typer

from models.wire.topics import TOPICS
from sinks.postgres.operating.standing import Position, Standing, standing
from sinks.postgres.outbox import is_relays
from streams.cli.connection import read_settings, run
from streams.cli.phrases import told_cell, word
from streams.cli.shown import AsJson, age, print_json, print_table
from streams.language import say
from streams.settings import Settings, resolve
from streams.waiting import bounded

BROKER_SECONDS_MAX: Final = 5.0
"""How long the broker is asked for; a person does not wait longer for one line of a screen."""


def status(
    *,
    address: Annotated[
        bool, typer.Option("--address", help="The database's address alone, password and all: for psql.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Lag, lanes, relay, scheduler's jobs, the last scan, and what waits for whom, in one screen."""
    if address:
        typer.echo(resolve(read_settings()).database())
        return

    async def work(settings: Settings, pool: asyncpg.Pool) -> tuple[Settings, Standing, int | str]:
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            found = await standing(connection)
        return settings, found, await _lag(settings, found.positions)

    settings, found, lag = run(work)
    if as_json:
        print_json(asdict(found) | {"lag": lag if isinstance(lag, int) else None})
    else:
        _show(settings, found, lag)


async def _lag(settings: Settings, positions: list[Position]) -> int | str:
    """Records on the input topics that are not recorded, or what kept the broker from saying so."""
    from aiokafka.errors import KafkaError  # noqa: PLC0415 -- the address alone needs no client

    try:
        ends = await bounded(_ends(settings), BROKER_SECONDS_MAX)
    except (KafkaError, OSError, TimeoutError) as error:
        return type(error).__name__
    stand = {(each.topic, each.partition): each.next_offset for each in positions}
    return sum(max(0, end - stand.get(place, 0)) for place, end in ends.items())


async def _ends(settings: Settings) -> Mapping[tuple[str, int], int]:
    from aiokafka import AIOKafkaConsumer, TopicPartition  # noqa: PLC0415 -- as above

    async with AIOKafkaConsumer(**settings.kafka(), enable_auto_commit=False) as consumer:
        names = [settings.topic(topic.name) for topic in TOPICS if topic.written_by != "relay"]
        places = [
            TopicPartition(name, partition)
            for name in names
            for partition in consumer.partitions_for_topic(name) or await _partitions(consumer, name)
        ]
        ends = await consumer.end_offsets(places)
    return {(place.topic, place.partition): end for place, end in ends.items()}


async def _partitions(consumer: Any, name: str) -> set[int]:
    """The partitions of a topic that the client has not heard of yet; none while it is not made."""
    await consumer.topics()
    found: set[int] = consumer.partitions_for_topic(name) or set()
    return found


def _show(settings: Settings, found: Standing, lag: int | str) -> None:
    ours = read_settings().embedded
    words = _say("runs", folder=settings.data_dir) if ours else _say("own")
    rows = [(_say(name), value) for name, value in _lines(settings, found, lag).items()]
    print_table(words, ("", ""), rows)
    if ours:
        typer.echo(_say("psql"))


def _say(name: str, **values: object) -> str:
    return say("desk", "status", name, **values)


def _lines(settings: Settings, found: Standing, lag: int | str) -> dict[str, str]:
    scans, newest = f"{found.scans:,}", found.newest
    return {
        "broker": str(settings.bootstrap_servers),
        "database": settings.database().rpartition("@")[2],
        "scans": _say("none") if newest is None else _say(
            "recorded", scans=scans, at=f"{newest.recorded_at.astimezone(settings.zone):%Y-%m-%d %H:%M:%S}",
            verdict=word(newest.verdict, "verdict"), device=newest.device_id or "–",
        ),
        "input": _input(lag),
        "lanes": _lanes(found),
        "relay": _relay(found),
        "scheduler": _scheduler(found),
        "waits": _say("waits-what", **{each: f"{found.open_scans.get(each, 0):,}" for each in _WAITING}),
        "differences": _say("differences-what", differences=f"{found.differences:,}", cases=f"{found.cases:,}"),
        "findings": _say("findings-what", findings=f"{found.findings:,}", alerts=f"{found.alerts:,}"),
        "verified": _say("never") if found.verified_at is None else _say(
            "verified-what", age=told_cell(age(found.verified_at)), failed=found.verify_failed
        ),
    }  # fmt: skip


_WAITING: Final = ("held", "parked", "waiting")


def _input(lag: int | str) -> str:
    if isinstance(lag, str):
        return _say("away", error=lag)
    return _say("behind", records=f"{lag:,}") if lag else _say("caught-up")


def _lanes(found: Standing) -> str:
    commands = found.backlog.get("commands", 0)
    if not found.lanes_behind and not commands:
        return _say("lanes-fine", lanes=found.lanes)
    return _say("lanes-behind", lanes=found.lanes, behind=found.lanes_behind, commands=commands)


def _relay(found: Standing) -> str:
    if not any(is_relays(name) for name in found.working):
        works = _say("idle")
    elif not found.pending:
        return _say("relay-fine")
    else:
        works = _say("works")
    if not found.pending or found.pending_since is None:
        return works
    return f"{works}; {_say('relay-pending', records=f'{found.pending:,}', age=told_cell(age(found.pending_since)))}"


def _scheduler(found: Standing) -> str:
    """The jobs that somebody does; in parentheses in how many places their work waits."""
    jobs = [name for name in found.working if not is_relays(name)]
    if not jobs:
        return _say("idle")
    return ", ".join(
        f"{word(name, 'job')} ({found.backlog[name]:,})" if name in found.backlog else word(name, "job")
        for name in jobs
    )

"""The product's services, a broker and a database under faults while scans flow; then the checker's judgement."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import MappingProxyType, TracebackType
from typing import Final, Self

from confluent_kafka import KafkaException

from streams.embedded.broker import EmbeddedBroker
from streams.embedded.database import EmbeddedDatabase
from tests.chaos.counting import PERSON, Counting, Person
from tests.oracle import readers
from tests.oracle.checker import check, figures, report
from tests.oracle.processes import UDI, Service, environment, init
from tests.oracle.producer import Sender
from tests.oracle.values import Evidence, Figures, Intent, Violation
from tests.oracle.world.counts import Shelf
from tests.oracle.world.generator import Plan
from tests.oracle.world.intents import IntentLog
from tests.support.leaks import leaked, persons
from tests.support.servers.kafka import Broker

LANES: Final = 4
SESSION_SECONDS: Final = 3.0
"""The workers' session timeout here; shorter than the default, so that a frozen worker is out within a test."""
JOIN_SECONDS: Final = 2.0
"""After the first worker is at work the others join within so long."""
FROZEN_SECONDS: Final = 5.0
LAG_SECONDS_MAX: Final = 240.0
"""All is read within so long after everybody is well again: four times what docs/reliability.md promises, for a machine
that does much else. What it took stands in the output."""
SETTLE_SECONDS_MAX: Final = 240.0
"""So long after that the relay and the parked scans may take until the checker's word is final. A run ends as soon as
it is faultless; only one that never is waits for this."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run."""

    violations: list[Violation]
    figures: Figures
    faults: dict[str, int]
    """Kills and freezes by whom they met."""
    chunks_resent: int
    """Groups of records that the producer sent again because their outcome was in doubt."""
    recoveries: tuple[float, ...]
    """Seconds from the end of a fault until every input record that was there was behind its position."""
    stops: Mapping[str, float]
    """The longest that each service took to end after SIGTERM, seconds; infinity: it had to be killed."""
    leaked: Sequence[str]
    """Lines of logs that name a patient's stay or a member of staff."""
    said: str = field(repr=False)
    """The last words of each service."""

    def __str__(self) -> str:
        """For people."""
        lines = [f"{self.figures}", f"faults {self.faults}, chunks resent {self.chunks_resent}"]
        median, longest = sorted(self.recoveries)[len(self.recoveries) // 2], max(self.recoveries)
        lines.append(f"recovery: median {median} s, longest {longest} s of {len(self.recoveries)}")
        lines += [f"ended after SIGTERM: {dict(self.stops)}"] if self.stops else []
        lines += [f"leaked: {line}" for line in self.leaked]
        return "\n".join([*lines, report(self.violations), self.said if self.violations else ""])


class Rig:
    """Services around a broker and a database that run.

    Args:
        broker: running; without the product's topics.
        database: the server.
        url: an empty database on it.
        folder: for logs.
        workers: number of worker processes; the embedded broker allows one.
        relays: number of relay processes; the embedded broker allows one.
        program: the command of the services; a control run's instead of the product's.
        settings: more settings of the services.
        person: what gives a person's commands.
        through: where the services find the database, when it is not where the checker does.
    """

    def __init__(
        self,
        broker: Broker,
        database: EmbeddedDatabase,
        url: str,
        folder: Path,
        *,
        workers: int = 2,
        relays: int = 2,
        program: Sequence[str] = UDI,
        settings: Mapping[str, str] = MappingProxyType({}),
        person: Sequence[str] = PERSON,
        through: str | None = None,
    ) -> None:
        self.broker = broker
        self.database = database
        self.url = url
        self.real = not isinstance(broker, EmbeddedBroker)
        self.faults: Counter[str] = Counter()
        self.stops: dict[str, float] = {}
        self._folder, self._program, self._person = folder, program, person
        session = str(SESSION_SECONDS)
        more = {"replication_factor": "1"}
        more |= {} if self.real else {"embedded_broker": "true", "log_append_time": "false"}
        more |= {"lanes": str(LANES), "session_timeout_seconds": session, **settings}
        self.settings = environment(broker.bootstrap_servers, through or url, folder, **more)

        def service(kind: str, number: int) -> Service:
            return Service(f"{kind}-{number}", ["run", kind], self.settings, folder, program=program)

        self.workers = [service("worker", number) for number in range(workers)]
        self.relays = [service("relay", number) for number in range(relays)]
        self.services = [*self.workers, *self.relays, service("scheduler", 0)]
        self.sender = Sender(broker.bootstrap_servers, IntentLog(folder / "intents.jsonl"), idempotent=self.real)
        self._stack = ExitStack()

    async def __aenter__(self) -> Self:
        """Make tables and topics, start every service."""
        await asyncio.to_thread(init, self.settings, program=self._program)
        for service in self.services:
            self._stack.enter_context(service)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every service."""
        self._stack.close()
        await self.sender.close()

    async def run(
        self,
        made: Plan,
        faults: Sequence["Fault"],
        chance: Random,
        *,
        per_second: float,
        settle_seconds: float = SETTLE_SECONDS_MAX,
        shelves: Sequence[Shelf] = (),
    ) -> Outcome:
        """Send the plan while the faults happen one after the other, heal, and wait for the checker's final word.

        Meanwhile a person has the shelves counted.
        """
        intents = [*made.intents]
        await self.sender.send(made.early)
        await self._seconds_until_read()
        await asyncio.sleep(JOIN_SECONDS)
        supervising = asyncio.create_task(self._supervise())
        sending = asyncio.create_task(self.sender.send(made.scans, per_second=per_second))
        counting = asyncio.create_task(self._count(shelves, Random(chance.random())))  # noqa: S311  # It repeats.
        try:
            recoveries = await self._suffer(faults, chance)
            await sending
            intents += await counting
            await self.heal()
            recoveries.append(await self._seconds_until_read())
            await self.sender.send(made.late)
            evidence = await self._settled(intents, settle_seconds)
        finally:
            sending.cancel()
            counting.cancel()
            supervising.cancel()
        return Outcome(
            violations=check(intents, evidence),
            figures=figures(intents, evidence),
            faults=dict(self.faults),
            chunks_resent=self.sender.repeats,
            recoveries=tuple(recoveries),
            stops=dict(self.stops),
            leaked=leaked(persons(intents), [service.log for service in self.services]),
            said="\n".join(f"--- {service.name}\n{service.log[-1500:]}" for service in self.services),
        )

    async def _count(self, shelves: Sequence[Shelf], chance: Random) -> list[Intent]:
        """What was sent for the counts of the shelves."""
        if not shelves:
            return []
        log = IntentLog(self._folder / "counts.jsonl")
        sender = Sender(self.broker.bootstrap_servers, log, idempotent=self.real)
        async with Person(self.settings, self._folder, self._person) as person:
            counting = Counting(person, sender, self.url, chance)
            try:
                await counting.run(shelves)
            finally:
                await sender.close()
        self.faults.update(counting.killed)
        return counting.intents

    async def _suffer(self, faults: Sequence["Fault"], chance: Random) -> list[float]:
        """One fault after the other; seconds from the end of each until what was there then had been read."""
        recoveries = []
        for fault in faults:
            await asyncio.sleep(chance.uniform(0.3, 1.5))
            await fault(self, chance)
            recovering = asyncio.create_task(self._seconds_until_read())
            # Some faults meet a system that has not recovered from the one before.
            if chance.random() < 0.5:
                recoveries.append(await recovering)
            else:
                recovering.cancel()
        return recoveries

    async def _supervise(self) -> None:
        """Start again what has died by itself, as systemd or Kubernetes would."""
        while True:
            await asyncio.sleep(0.5)
            for service in self.services:
                if service.wanted and not service.running:
                    self.faults[f"{service.name} died by itself"] += 1
                    service.start()

    async def restart(self, service: Service) -> None:
        """End it in order and start it again, as a rolling upgrade does."""
        seconds = await asyncio.to_thread(service.stop)
        self.stops[service.name] = max(round(seconds, 1), self.stops.get(service.name, 0.0))
        service.start()

    async def heal(self) -> None:
        """Everybody runs and nobody is frozen."""
        await self.broker.start()
        await self.database.start()
        for service in self.services:
            service.thaw()
            service.start()

    async def _seconds_until_read(self) -> float:
        """Seconds until every input record that is there now is behind its position; at most `LAG_SECONDS_MAX`."""
        clock = asyncio.get_running_loop().time
        begun = clock()
        until: dict[tuple[str, int], int] = {}
        while clock() - begun < LAG_SECONDS_MAX:
            with suppress(readers.ReadingError, KafkaException):
                until = until or await asyncio.to_thread(readers.ends, self.broker.bootstrap_servers)
                if await asyncio.to_thread(readers.lag, self.url, until) == 0:
                    break
            await asyncio.sleep(0.2)
        return round(clock() - begun, 2)

    async def _settled(self, intents: Sequence[Intent], seconds_max: float) -> Evidence:
        """The evidence once it is faultless, or at the end of the time for it."""
        clock = asyncio.get_running_loop().time
        quiet = 0.0 if self.real else 0.5
        begun = clock()
        while True:
            await asyncio.sleep(1.0)
            evidence = await asyncio.to_thread(
                readers.evidence, self.url, self.broker.bootstrap_servers, quiet_seconds=quiet
            )
            if not check(intents, evidence) or clock() - begun > seconds_max:
                return evidence


Fault = Callable[[Rig, Random], Awaitable[None]]


async def kill_a_worker(rig: Rig, chance: Random) -> None:
    """SIGKILL, and a new one soon."""
    await _kill(rig, "worker killed", chance.choice(rig.workers), chance)


async def kill_a_relay(rig: Rig, chance: Random) -> None:
    """SIGKILL, and a new one soon."""
    await _kill(rig, "relay killed", chance.choice(rig.relays), chance)


async def kill_the_scheduler(rig: Rig, chance: Random) -> None:
    """SIGKILL, and a new one soon: it publishes what persons decided."""
    await _kill(rig, "scheduler killed", rig.services[-1], chance)


async def kill_everybody(rig: Rig, chance: Random) -> None:
    """All services at once."""
    for service in rig.services:
        service.kill()
    rig.faults["everybody killed"] += 1
    await asyncio.sleep(chance.uniform(0.0, 0.5))
    for service in rig.services:
        service.start()


async def _kill(rig: Rig, name: str, service: Service, chance: Random) -> None:
    service.kill()
    rig.faults[name] += 1
    await asyncio.sleep(chance.uniform(0.0, 0.5))
    service.start()


async def freeze_a_worker(rig: Rig, chance: Random) -> None:
    """SIGSTOP past its session: others take its lanes; then it wakes in the middle of its batch."""
    await _freeze(rig, "worker frozen", chance.choice(rig.workers))


async def freeze_a_relay(rig: Rig, chance: Random) -> None:
    """SIGSTOP until another relay has its lanes; then it wakes in the middle of its transaction."""
    await _freeze(rig, "relay frozen", chance.choice(rig.relays))


async def _freeze(rig: Rig, name: str, service: Service) -> None:
    service.freeze()
    rig.faults[name] += 1
    await asyncio.sleep(FROZEN_SECONDS)
    service.thaw()


async def kill_the_broker(rig: Rig, chance: Random) -> None:
    """SIGKILL, and the same one with its data again."""
    await rig.broker.kill()
    rig.faults["broker killed"] += 1
    await asyncio.sleep(chance.uniform(0.0, 1.0))
    await rig.broker.start()


async def kill_the_database(rig: Rig, chance: Random) -> None:
    """SIGKILL of the main process, recovery from the log, the same data again."""
    await rig.database.kill()
    rig.faults["database killed"] += 1
    await asyncio.sleep(chance.uniform(0.0, 1.0))
    await rig.database.start()

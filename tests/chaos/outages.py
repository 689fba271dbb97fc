"""Faults that last: a broker that stays away, a network that cuts and loses, a disk that is full, an upgrade."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Final

from tests.chaos.rig import Fault, Rig
from tests.support.servers.proxy import FaultProxy

AWAY_SECONDS: Final = float(os.environ.get("UDI_CHAOS_AWAY_SECONDS", "10"))
"""How long the broker is away; two minutes are the promise, some seconds what every run of the tests has time for."""
FULL_SECONDS: Final = 4.0


async def broker_away(rig: Rig, _: Random) -> None:
    """SIGKILL, and the same one with its data again after a long time."""
    await rig.broker.kill()
    rig.faults["broker away"] += 1
    await asyncio.sleep(AWAY_SECONDS)
    await rig.broker.start()


async def restart_all_in_turn(rig: Rig, _: Random) -> None:
    """SIGTERM to one service after the other, each started again before the next ends."""
    for service in rig.services:
        await rig.restart(service)
    rig.faults["all restarted in turn"] += 1


def network_faults(proxy: FaultProxy) -> list[Fault]:
    """What a network does to the connections that go through the proxy."""

    async def cut(rig: Rig, _: Random) -> None:
        proxy.cut()
        rig.faults["connections cut"] += 1

    async def lose(rig: Rig, chance: Random) -> None:
        proxy.replies_lost = True
        await asyncio.sleep(chance.uniform(0.2, 1.0))
        proxy.cut()
        proxy.replies_lost = False
        rig.faults["answers lost"] += 1

    async def slow(rig: Rig, chance: Random) -> None:
        proxy.delay_seconds = 0.05
        await asyncio.sleep(chance.uniform(1.0, 3.0))
        proxy.delay_seconds = 0.0
        rig.faults["connections slow"] += 1

    async def refuse(rig: Rig, chance: Random) -> None:
        proxy.refusing = True
        proxy.cut()
        await asyncio.sleep(chance.uniform(0.5, 2.0))
        proxy.refusing = False
        rig.faults["connections refused"] += 1

    return [cut, lose, slow, refuse]


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[Path]:
    """A file system in memory of so many megabytes; only root may make one."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0777", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def disk_full(disk: Path) -> Fault:
    """The database finds no room for a while."""

    async def fill(rig: Rig, _: Random) -> None:
        ballast = disk / "ballast"
        with ballast.open("wb") as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
                    file.flush()
            except OSError:
                pass
        rig.faults["disk full"] += 1
        await asyncio.sleep(FULL_SECONDS)
        ballast.unlink()
        await rig.database.start()

    return fill

"""`python -m tests.chaos.person [torn]`: a person's commands, each in a process of its own, forked when it is given.

What a command needs is loaded before, so that a kill soon after its start meets it at work and not while it is loaded.
Each line of the input is the arguments of a command and the file for what it says, as JSON; the answers are the id of
its process and, when that has ended, its exit code (below 0: the signal that ended it). `torn`: without the protection
that a count starts, is posted or is cancelled in one transaction.
"""

import contextlib
import gc
import json
import os
import signal
import sys
import traceback
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NoReturn

import asyncpg

from sinks.postgres.stock import counts
from streams.cli import main as cli
from streams.cli.stock.count import count_app


def command(arguments: list[str], path: str) -> NoReturn:
    """Run it; its output goes to the file."""
    code = 1
    try:
        with Path(path).open("w", encoding="utf-8") as out, contextlib.redirect_stdout(out):
            sys.argv = ["udi", *arguments]
            cli.main()
            code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except Exception:  # noqa: BLE001  # It is told, in the log.
        traceback.print_exc()
    finally:
        os._exit(code)


def ended(child: int) -> int:
    """Its exit code, below 0 the signal that ended it; its process number stays its own."""
    end = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert end is not None
    return end.si_status if end.si_code == os.CLD_EXITED else -end.si_status


@contextlib.asynccontextmanager
async def torn_desk(pool: asyncpg.Pool, hospital: str) -> AsyncIterator[counts.CountDesk]:
    """Each statement stands by itself."""
    async with pool.acquire() as connection:
        yield counts.CountDesk(connection, hospital)


def main() -> None:
    """Until the input ends."""
    assert count_app.registered_commands, "What is loaded here is what takes time."
    if sys.argv[1:] == ["torn"]:
        assert "count_desk" in vars(counts), "The seam has moved."
        vars(counts)["count_desk"] = torn_desk
    gc.freeze()
    child = 0
    for line in sys.stdin:
        if child:
            os.waitpid(child, 0)  # Only now: until then its number is nobody else's, whoever kills it.
        arguments, path = json.loads(line)
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            command(arguments, path)
        print(child, flush=True)  # noqa: T201  # The answers.
        print(ended(child), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()

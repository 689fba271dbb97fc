"""`udi pack` and `udi month run`: the meeting pack, and the whole monthly work in one go that can be taken up again."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import typer

from models.calendar import Month, month_text, parse_month
from rules.assessment.assessing import Options
from sinks.postgres.assessment.pack import months_with_cases, step_done, steps_done
from sinks.postgres.assessment.windows import hospitals_with_cases, keep_run
from sinks.postgres.closing.periods import PeriodBooks, hospitals_with_records
from streams.cli.assessment.pack.contents import Contents, contents_of
from streams.cli.assessment.pack.written import write_html, write_workbook
from streams.cli.assessment.windows import judge_windows, kept
from streams.cli.assessment.windows_read import Span
from streams.cli.connection import run
from streams.cli.shown import print_json
from streams.settings import Settings, SettingsError


def read_month(text: str) -> Month:
    """A month of the command line.

    Raises:
        SettingsError: it is none.
    """
    try:
        return parse_month(text)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def pack_command(month: str, out: Path, hospital: str | None, *, as_json: bool) -> int:
    """Write the pack of every hospital with records in the month, or of one. Exit status 1 when there is none."""
    wanted = read_month(month)

    async def work(settings: Settings, pool: asyncpg.Pool) -> list[Path]:
        hospitals = [hospital] if hospital is not None else await _hospitals(pool)
        return [file for each in hospitals for file in await write_pack(pool, each, wanted, out, settings.zone)]

    files = run(work)
    if as_json:
        print_json({"files": [str(file) for file in files]})
    else:
        for file in files:
            typer.echo(str(file))
    return 0 if files else 1


async def _hospitals(pool: asyncpg.Pool) -> list[str]:
    return sorted({*await hospitals_with_records(pool), *await hospitals_with_cases(pool)})


async def write_pack(pool: asyncpg.Pool, hospital: str, month: Month, out: Path, zone: ZoneInfo) -> list[Path]:
    """Both files of a hospital's month, in a folder that is made."""
    contents = await contents_of(pool, hospital, month, zone)
    return write_files(contents, out)


def write_files(contents: Contents, out: Path) -> list[Path]:
    """The page and the workbook, named by hospital and month."""
    out.mkdir(parents=True, exist_ok=True)
    name = "".join(each if each.isalnum() or each in "-_" else "_" for each in contents.hospital)
    page, book = (out / f"{name}-{contents.month}.{suffix}" for suffix in ("html", "xlsx"))
    write_html(contents, page)
    write_workbook(contents, book)
    return [page, book]


def month_run_command(month: str, out: Path, hospital: str | None, close: Callable[[], int]) -> int:
    """Close, assess and pack a month. A step that is done is not done again; what failed is taken up next time."""
    wanted = read_month(month)

    async def done(_: Settings, pool: asyncpg.Pool) -> dict[str, set[str]]:
        hospitals = [hospital] if hospital is not None else await _hospitals(pool)
        return {each: await steps_done(pool, each, wanted) for each in hospitals}

    standing = run(done)
    if any("close" not in steps for steps in standing.values()) or not standing:
        status = close()
        if status:
            return status

    async def work(settings: Settings, pool: asyncpg.Pool) -> list[str]:
        periods = await PeriodBooks(pool).hospitals()
        later = {each.hospital for each in periods if each.closed_through is None or each.closed_through < wanted}
        said = []
        for each in standing:
            if each in later:
                said.append(f"{each}: its records begin after {month_text(wanted)}.")
            else:
                said += await _steps(pool, each, wanted, out, settings.zone)
        return said

    for line in run(work):
        typer.echo(line)
    return 0


async def _steps(pool: asyncpg.Pool, hospital: str, month: Month, out: Path, zone: ZoneInfo) -> list[str]:
    async def assess() -> str:
        if month not in await months_with_cases(pool, hospital):
            return "no case to judge"
        judged = await judge_windows(pool, hospital, Span(month, month), None, Options())
        run_id, whole, rows = kept(judged)
        await keep_run(pool, run_id, hospital, (month, month), whole, rows)
        return f"kept as run {run_id}"

    async def pack() -> str:
        return ", ".join(map(str, await write_pack(pool, hospital, month, out, zone)))

    await step_done(pool, hospital, month, "close")
    done, said = await steps_done(pool, hospital, month), [f"{hospital}: {month_text(month)} is closed."]
    steps: tuple[tuple[str, Callable[[], Awaitable[str]]], ...] = (("assess", assess), ("pack", pack))
    for step, work in steps:
        if step in done:
            said.append(f"{hospital}: {step} was done before.")
        else:
            said.append(f"{hospital}: {step}: {await work()}.")
            await step_done(pool, hospital, month, step)
    return said

"""`python -m benchmarks`: the table of docs/performance.md, measured here and now."""

import argparse
import asyncio
import logging
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import structlog

from benchmarks import codes, comparing, measure
from benchmarks.parts import STATEMENTS, open_parts
from benchmarks.table import Table
from streams.embedded.database import EmbeddedDatabase
from tests.support.servers import kafka

BEGIN, END = "<!-- benchmark: begin -->", "<!-- benchmark: end -->"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less than 90 seconds, for a first look")
    parser.add_argument("--only", nargs="+", choices=measure.PARTS, help="only these parts")
    parser.add_argument("--scans", type=int, help="scans of the backlog (60,000; quick: 8,000)")
    parser.add_argument("--rows", type=int, help="scans of the large books of `years` (1,000,000; quick: 50,000)")
    parser.add_argument("--repetitions", type=int, help="of the backlog with one worker (5; quick: 2)")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--compare", metavar="REV", help="this tree's figures divided by those of another revision")
    parser.add_argument("--rounds", type=int, default=3, help="of --compare (3)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also put it into FILE, between its two marks")
    parser.add_argument(
        "--setting",
        type=_setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of PostgreSQL; as many as wanted",
    )
    return parser.parse_args()


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"Expected NAME=VALUE, got {text}.")
    return name, value


def _title(sizes: measure.Sizes, settings: Mapping[str, str]) -> str:
    broker = f"Apache Kafka {kafka.version()}" if kafka.available() else "the embedded broker (no java or mvn here)"
    return (
        f"{os.cpu_count()} CPUs for everything, Python {platform.python_version()}, {broker}, PostgreSQL 18 (fsync and "
        f"synchronous_commit on{''.join(f', {name} {value}' for name, value in settings.items())}), 4 lanes; "
        f"{sizes.scans:,} scans a backlog."
    )


async def _run(sizes: measure.Sizes, only: list[str], settings: Mapping[str, str], table: Table) -> None:
    task = asyncio.current_task()
    assert task is not None
    # As Ctrl-C does: every part ends in order and no folder is left.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with tempfile.TemporaryDirectory(prefix="udi-bench-") as name:
        folder = Path(name)
        run = measure.Run(sizes, table)
        if {"backlog", "latency", "naive", "rerating"} & set(only):
            async with open_parts(folder, settings) as parts:
                await run.with_services(parts, only)
        if {"steps", "oddities", "growth", "years", "cases", "reconciling-books", "monitoring"} & set(only):
            async with EmbeddedDatabase(folder / "postgres", settings={**STATEMENTS, **settings}) as database:
                await run.in_process(database.url, only)
        if "web" in only:
            await asyncio.to_thread(run.web, folder / "web")
        if "reconciling" in only:
            run.reconcile()


def main() -> int:
    """Measure, print, and give the exit code: 0 also when an aim is missed, for the machine may be busy."""
    options = _options()
    if options.compare:
        print(comparing.compare(options.compare, _passed_on(options), options.rounds).text())
        return 0
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    sizes = measure.sizes(quick=options.quick, scans=options.scans, repetitions=options.repetitions, rows=options.rows)
    only = options.only or list(measure.PARTS)
    settings = dict(options.setting)
    table = Table(_title(sizes, settings))
    try:
        asyncio.run(_run(sizes, only, settings, table))
    except BaseException:
        # What was measured before is not lost with what failed, or was ended.
        print(table.text(), flush=True)
        raise
    if "codes" in only:
        table.appendix = _codes()
    print(table.markdown() if options.markdown else table.text())
    if options.write:
        _write(options.write, table.markdown())
    return 0


def _passed_on(options: argparse.Namespace) -> list[str]:
    given = ["--only", *(options.only or comparing.PARTS)]
    for name in ("scans", "rows", "repetitions"):
        if value := getattr(options, name):
            given += [f"--{name}", str(value)]
    given += [part for name, value in options.setting for part in ("--setting", f"{name}={value}")]
    return [*given, "--quick"] if options.quick else given


def _codes() -> str:
    with redirect_stdout(StringIO()) as printed:
        codes.main()
    return printed.getvalue().strip()


def _write(file: Path, markdown: str) -> None:
    text = file.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    file.write_text(f"{before}{BEGIN}\n\n{markdown}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

"""`udi load udid`: identifiers and packages from the national database into the items that have one of them.

The export is read as a stream: a device is merged and forgotten. What is published is what the items of the house gain,
after the last record; a run that was interrupted has published nothing, or a part that the next one finds done.
"""

import csv
import io
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg
import orjson
import typer
from aiokafka import ConsumerRecord, TopicPartition

from models.catalogue.item import read_item
from models.catalogue.udid import UdidDevice
from models.wire.strict_json import Refusal
from models.wire.topics import CATALOGUE
from rules.catalogue.udid_merging import ITEM_COLUMNS, Fate, Merge, proposed_item
from sinks.postgres.catalogue.items import bodies, hospitals
from sinks.postgres.verifying.topics import positions_of
from streams.cli.connection import bad, run
from streams.cli.loading.templates import write_table
from streams.cli.loading.udid.devices import Broken, devices_of
from streams.cli.loading.udid.parts import parts_of
from streams.cli.new_files import expect_new, new_file
from streams.cli.operating.topic_reader import TopicReader
from streams.cli.publishing import Outbound, publish
from streams.cli.shown import print_json, print_table, progress
from streams.settings import Settings
from streams.topics import cluster_id

SHOWN_MAX = 20
KEPT_MAX: Final = 1_000
"""Devices of a kind that are named one by one, besides how many there are: an export is of a million devices."""
_MEGABYTE: Final = 1_000_000


@dataclass(slots=True)
class Read:
    """What became of the devices of an export."""

    devices: int = 0
    """Records that could be read."""
    broken: list[Broken] = field(default_factory=list)
    """The first ones that could not."""
    broken_records: int = 0
    """How many could not."""
    conflicts: list[tuple[UdidDevice, str]] = field(default_factory=list)
    """The first devices that contradict the catalogue, and why."""
    conflicting: int = 0
    """How many do."""
    unbound: list[UdidDevice] = field(default_factory=list)
    """The first devices of which no item has an identifier."""
    unbound_devices: int = 0
    """How many there are."""
    withdrawn: int = 0
    """Devices of items of the house that are not sold any more."""
    skipped: list[str] = field(default_factory=list)
    """Files of an archive that are no part of an export."""

    def take(self, device: UdidDevice | Broken, merge: Merge, unbound: Callable[[UdidDevice], None]) -> None:
        """Merge a device, or keep what is wrong with it."""
        if isinstance(device, Broken):
            self.broken_records += 1
            _keep(self.broken, device)
            return
        self.devices += 1
        fate, why = merge.add(device)
        if fate is Fate.CONFLICT:
            self.conflicting += 1
            _keep(self.conflicts, (device, why))
        elif fate is Fate.UNBOUND:
            self.unbound_devices += 1
            _keep(self.unbound, device)
            unbound(device)
        elif device.withdrawn_on is not None:
            self.withdrawn += 1


def _keep(kept: list[Any], one: Any) -> None:
    if len(kept) < KEPT_MAX:
        kept.append(one)


def load_udid(file: Path, hospital: str | None, propose: Path | None, *, dry_run: bool, as_json: bool) -> int:
    """Merge an export into the catalogue of a hospital and publish the items that gain something.

    Args:
        file: The export: XML, a table, or an archive of several.
        hospital: Whose catalogue; `None`: of the only one there is.
        propose: Where to write the devices of no item as items to complete; `None`: nowhere.
        dry_run: Publish nothing.
        as_json: For machines.

    Returns:
        The exit status: 1 when records were bad or devices contradict the catalogue.

    Raises:
        OSError: the file can't be read.
        SheetError: it is no export.
    """
    if propose is not None:
        if propose.suffix not in {".xlsx", ".csv"}:
            bad(f"--propose: expected a file name with .xlsx or .csv, got {propose}.")
        expect_new(propose)
    read = Read()

    async def work(settings: Settings, pool: asyncpg.Pool) -> Merge:
        house = hospital or await _only_hospital(pool)
        merge = Merge([each.encode() for each in await bodies(pool, house)])
        await _learn_published(settings, pool, house, merge)
        with ExitStack() as open_files:
            _read(file, merge, read, _proposals(propose, house, open_files))
        records = [_record(settings, house, code, body) for code, body in sorted(merge.items.items())]
        if records and not dry_run:
            await publish(settings, records, "Loading items")
        return merge

    merge = run(work, may_be_new=propose is not None)
    _show(read, merge, dry_run=dry_run, as_json=as_json)
    if propose is not None:
        _tell_proposed(propose, read.unbound_devices)
    return int(bool(read.broken_records or read.conflicting))


async def _only_hospital(pool: asyncpg.Pool) -> str:
    found = await hospitals(pool)
    if len(found) != 1:
        bad(f"Expected --hospital: the books hold the catalogues of {', '.join(found) or 'no hospital'}.")
    return found[0]


async def _learn_published(settings: Settings, pool: asyncpg.Pool, hospital: str, merge: Merge) -> None:
    """Items that are on their way to the books: a run that was interrupted may just have published them."""
    topic, cluster = settings.topic(CATALOGUE), await cluster_id(settings)
    recorded = await positions_of(pool, cluster, topic)
    begin = {TopicPartition(topic, 0): 0} | {
        TopicPartition(topic, each.partition): each.next_offset for each in recorded
    }

    async def take(_: TopicPartition, record: ConsumerRecord) -> None:
        read = read_item(record.key, record.value) if record.value is not None else None
        if read is not None and not isinstance(read, Refusal) and read[0].hospital == hospital:
            merge.know(record.value)

    async with TopicReader(settings, begin, begin) as reader:
        await reader.read(take)


def _read(file: Path, merge: Merge, read: Read, unbound: Callable[[UdidDevice], None]) -> None:
    with parts_of(file) as (parts, skipped), progress() as bar:
        read.skipped = skipped
        task = bar.add_task("Reading, in megabytes", total=max(1, sum(part.size for part in parts) // _MEGABYTE))
        done = 0

        def moved(many: int) -> None:
            nonlocal done
            done += many
            bar.update(task, completed=done // _MEGABYTE)

        for part in parts:
            for device in devices_of(part, moved):
                read.take(device, merge, unbound)


def _proposals(to: Path | None, hospital: str, open_files: ExitStack) -> Callable[[UdidDevice], None]:
    """Where devices of no item go: to a table to complete, or nowhere."""
    if to is None:
        return lambda _: None
    if to.suffix == ".xlsx":
        rows: list[list[str]] = []

        def write_rows(failed: object, *_: object) -> None:
            if rows and failed is None:
                write_table(to, ITEM_COLUMNS, rows)

        open_files.push(write_rows)
        return lambda device: _propose_in_workbook(rows, _proposed(hospital, device))
    return _propose_in_text(to, hospital, open_files)


ROWS_OF_WORKBOOK_MAX: Final = 100_000
"""Proposals in an XLSX, which is laid out in memory. Own choice; a CSV takes any number."""


def _propose_in_workbook(rows: list[list[str]], row: list[str]) -> None:
    if len(rows) == ROWS_OF_WORKBOOK_MAX:
        bad(f"--propose: expected a file name with .csv for more than {ROWS_OF_WORKBOOK_MAX:,} devices.")
    rows.append(row)


def _propose_in_text(to: Path, hospital: str, open_files: ExitStack) -> Callable[[UdidDevice], None]:
    table: list[Any] = []

    def write(device: UdidDevice) -> None:
        if not table:
            text = io.TextIOWrapper(open_files.enter_context(new_file(to)), "utf-8-sig", newline="", write_through=True)
            open_files.callback(text.detach)
            table.append(csv.writer(text, lineterminator="\r\n"))
            table[0].writerow(ITEM_COLUMNS)
        table[0].writerow(_proposed(hospital, device))

    return write


def _proposed(hospital: str, device: UdidDevice) -> list[str]:
    item = proposed_item(hospital, device)
    return [item.get(name, "") for name in ITEM_COLUMNS]


def _tell_proposed(to: Path, many: int) -> None:
    if not many:
        typer.echo(f"No device is unbound: {to} is not written.", err=True)
        return
    told = f"{many:,} items proposed in {to}: complete code and price, then `udi load catalogue {to}`."
    typer.echo(told, err=True)


def _record(settings: Settings, hospital: str, code: str, body: dict[str, Any]) -> Outbound:
    value = orjson.dumps(body)
    read = read_item(None, value)
    assert not isinstance(read, Refusal), read  # noqa: S101 -- the merge has read it as an item
    return Outbound(settings.topic(CATALOGUE), f"{hospital}/{code}".encode(), value)


def _show(read: Read, merge: Merge, *, dry_run: bool, as_json: bool) -> None:
    conflicts = [(_place(device), device.sales_unit, why) for device, why in read.conflicts]
    unbound = [(_place(each), each.sales_unit, each.name or "", each.registrant or "") for each in read.unbound]
    if as_json:
        print_json({
            "devices": read.devices, "items": sorted(merge.items), "identifiers_added": merge.added,
            "identifiers_completed": merge.completed,
            "withdrawn": read.withdrawn, "unbound": unbound, "unbound_devices": read.unbound_devices,
            "conflicts": conflicts, "conflicting": read.conflicting,
            "bad": [asdict(each) for each in read.broken], "bad_records": read.broken_records, "skipped": read.skipped,
        })  # fmt: skip
        return
    if read.broken:
        rows = [(_place(each), each.column or "the row", each.reason) for each in read.broken]
        print_table("Bad rows: nothing of them is loaded", (">row", "column", "reason"), rows, limit=SHOWN_MAX)
    if conflicts:
        title = "Devices that contradict the catalogue: nothing of them is loaded"
        print_table(title, (">row", "sales unit", "why"), conflicts, limit=SHOWN_MAX)
    if unbound:
        title = "Devices no item has an identifier of"
        print_table(title, (">row", "sales unit", "name", "registrant"), unbound, limit=SHOWN_MAX)
    if read.skipped:
        typer.echo(f"Skipped in the archive: {', '.join(read.skipped)}.", err=True)
    done = "would gain" if dry_run else "gained"
    typer.echo(f"{read.devices:,} devices: {len(merge.items):,} items {done} {merge.added:,} identifiers.")
    if merge.completed:
        typer.echo(f"Of {merge.completed:,} identifiers that items had more is known.")
    if read.withdrawn:
        typer.echo(f"{read.withdrawn:,} devices of items are not sold any more: see `udi catalogue check`.")
    rest = f"{read.unbound_devices:,} devices are unbound, {read.conflicting:,} contradict the catalogue"
    typer.echo(f"{rest}, {read.broken_records:,} rows are bad.")


def _place(device: UdidDevice | Broken) -> int | str:
    return f"{device.part}: {device.row}" if device.part else device.row

"""`udi load udid`: identifiers and packages from the national database into the items that have one of them."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import typer

from models.catalogue.item import read_item
from models.udi import Issuer
from models.udi.identifier import as_scanned
from models.wire.strict_json import Refusal
from models.wire.topics import CATALOGUE
from rules.catalogue.udid_merging import ITEM_COLUMNS, Merged, merge, proposed_item
from sinks.postgres.catalogue.items import bodies, hospitals
from streams.cli.connection import bad, run
from streams.cli.loading.templates import write_table
from streams.cli.loading.udid_file import Export, read_export
from streams.cli.new_files import expect_new
from streams.cli.publishing import Outbound, publish
from streams.cli.shown import print_json, print_table
from streams.settings import Settings

SHOWN_MAX = 20


def load_udid(file: Path, hospital: str | None, propose: Path | None, *, dry_run: bool, as_json: bool) -> int:
    """Merge an export into the catalogue of a hospital and publish the items that gain something.

    Args:
        file: The export.
        hospital: Whose catalogue; `None`: of the only one there is.
        propose: Where to write the devices of no item as items to complete; `None`: nowhere.
        dry_run: Publish nothing.
        as_json: For machines.

    Returns:
        The exit status: 1 when rows were bad or devices contradict the catalogue.

    Raises:
        OSError: the file can't be read.
        SheetError: it is no export.
    """
    if propose is not None:
        if propose.suffix not in {".xlsx", ".csv"}:
            bad(f"--propose: expected a file name with .xlsx or .csv, got {propose}.")
        expect_new(propose)
    export, house = read_export(file), ""

    async def work(settings: Settings, pool: asyncpg.Pool) -> Merged:
        nonlocal house
        house = hospital or await _only_hospital(pool)
        claims: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for body in await bodies(pool, house):
            item = orjson.loads(body)
            for each in item["identifiers"]:
                claims[each["issuer"], as_scanned(Issuer(each["issuer"]), each["di"])].append(item)
        merged = merge(export.devices, claims)
        records = [_record(settings, house, code, body) for code, body in sorted(merged.items.items())]
        if records and not dry_run:
            await publish(settings, records, "Loading items")
        return merged

    merged = run(work)
    _show(export, merged, dry_run=dry_run, as_json=as_json)
    if propose is not None:
        _propose(propose, house, merged)
    return int(bool(export.bad or merged.conflicts))


def _propose(to: Path, hospital: str, merged: Merged) -> None:
    items = [proposed_item(hospital, device) for device in merged.unbound]
    if not items:
        typer.echo(f"No device is unbound: {to} is not written.", err=True)
        return
    write_table(to, tuple(ITEM_COLUMNS), [[item.get(name, "") for name in ITEM_COLUMNS] for item in items])
    told = f"{len(items):,} items proposed in {to}: complete code and price, then `udi load catalogue {to}`."
    typer.echo(told, err=True)


async def _only_hospital(pool: asyncpg.Pool) -> str:
    found = await hospitals(pool)
    if len(found) != 1:
        bad(f"Expected --hospital: the books hold the catalogues of {', '.join(found) or 'no hospital'}.")
    return found[0]


def _record(settings: Settings, hospital: str, code: str, body: dict[str, Any]) -> Outbound:
    value = orjson.dumps(body)
    read = read_item(None, value)
    assert not isinstance(read, Refusal), read  # noqa: S101 -- the merge has read it as an item
    return Outbound(settings.topic(CATALOGUE), f"{hospital}/{code}".encode(), value)


def _show(export: Export, merged: Merged, *, dry_run: bool, as_json: bool) -> None:
    conflicts = [(device.row, device.sales_unit, why) for device, why in merged.conflicts]
    unbound = [(device.row, device.sales_unit, device.name or "", device.registrant or "") for device in merged.unbound]
    if as_json:
        print_json({
            "devices": len(export.devices), "items": sorted(merged.items), "identifiers_added": merged.added,
            "unbound": unbound, "conflicts": conflicts,
            "bad": [{"row": each.row, "column": each.column, "reason": each.reason} for each in export.bad],
        })  # fmt: skip
        return
    if export.bad:
        rows = [(each.row, each.column or "the row", each.reason) for each in export.bad]
        print_table("Bad rows: nothing of them is loaded", (">row", "column", "reason"), rows, limit=SHOWN_MAX)
    if conflicts:
        title = "Devices that contradict the catalogue: nothing of them is loaded"
        print_table(title, (">row", "sales unit", "why"), conflicts, limit=SHOWN_MAX)
    if unbound:
        title = "Devices no item has an identifier of"
        print_table(title, (">row", "sales unit", "name", "registrant"), unbound, limit=SHOWN_MAX)
    done = "would gain" if dry_run else "gained"
    typer.echo(f"{len(export.devices):,} devices: {len(merged.items):,} items {done} {merged.added:,} identifiers.")
    rest = f"{len(unbound):,} devices are unbound, {len(conflicts):,} contradict the catalogue"
    typer.echo(f"{rest}, {len(export.bad):,} rows are bad.")

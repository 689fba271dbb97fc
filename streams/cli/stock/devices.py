"""`udi devices`: what an encounter got and kept, as a list or as a card to print."""

from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import asyncpg
import typer

from models.texts import texts
from models.udi import Issuer
from models.udi.canonical import human_readable
from rules.catalogue.joining import price_on
from sinks.postgres.closing.cases import CaseBooks
from sinks.postgres.stock.trace import Device, TraceBooks
from streams.cli.charging.telling import became
from streams.cli.codes.commands import Language
from streams.cli.connection import bad, run
from streams.cli.lists import listing
from streams.cli.new_files import expect_new, write_new
from streams.cli.phrases import as_written
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, joined, print_json, print_table
from streams.settings import Settings

_STYLE: Final = (
    "body{font-family:sans-serif;margin:1.5cm}h1{font-size:1.2em}table{border-collapse:collapse;width:100%;"
    "margin-top:1em;page-break-inside:avoid}td,th{border:1px solid #000;padding:4px 8px;text-align:left;"
    "overflow-wrap:anywhere}th{width:30%;font-weight:normal}.label{height:3cm;vertical-align:top}"
)


@listing
def devices(
    encounter: Annotated[str, typer.Argument(metavar="ENCOUNTER")],
    *,
    card: Annotated[Path | None, typer.Option("--card", help="Write the implant card there, as HTML.")] = None,
    language: Annotated[Language, typer.Option("--language", help="Of the card.")] = Language.ZH_CN,
    hospital: Annotated[str | None, typer.Option(help="Needed when several hospitals have the encounter.")] = None,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """The devices an encounter got and kept, each with lot and serial; `--card` is the page to print."""
    if card is not None:
        expect_new(card)

    async def work(settings: Settings, pool: asyncpg.Pool) -> tuple[str, list[Device], ZoneInfo]:
        cases = CaseBooks(pool, price_on)
        if hospital is not None:
            house = [hospital] if await cases.knows(hospital, encounter) else []
        else:
            house = await cases.hospitals_of(encounter)
        if not house:
            bad(f"Expected an encounter, found none named {as_written(encounter)}.")
        if len(house) > 1:
            bad(f"Expected --hospital: {', '.join(house)} have an encounter named {as_written(encounter)}.")
        return house[0], await TraceBooks(pool).devices(house[0], encounter), settings.zone

    house, found, zone = run(work)
    if card is not None:
        write_new(card, card_of(house, encounter, found, language, zone).encode())
    if as_json:
        print_json({"hospital": house, "encounter": encounter, "devices": [asdict(each) for each in found]})
    elif card is not None:
        typer.echo(f"{len(found):,} devices on {card}.")
    else:
        _show(encounter, found, zone, limit)


def card_of(hospital: str, encounter: str, found: Sequence[Device], language: Language, zone: ZoneInfo) -> str:
    """The implant card: devices as labelled, no name of anybody, no script; what labels say is text and nothing else.

    References:
        Regulation (EU) 2017/745, article 18 (device name, serial, lot, UDI, model, maker); in China the hospital's
        register of implants (医疗器械临床使用管理办法, article 31).
    """
    words = texts(language.value)["card"]
    head = [
        "<!DOCTYPE html>", f'<html lang="{language.value}"><head><meta charset="utf-8">',
        f"<title>{escape(words['title'])}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(words['title'])}</h1>", "<table>", _row(words["hospital"], hospital),
        _row(words["encounter"], encounter), f'<tr><th>{escape(words["label"])}</th><td class="label"></td></tr>',
        "</table>",
    ]  # fmt: skip
    body = [line for each in found for line in _device_lines(each, words, zone)]
    return "\n".join([*head, *(body or [f"<p>{escape(words['none'])}</p>"]), "</body></html>", ""])


def _device_lines(device: Device, words: dict[str, str], zone: ZoneInfo) -> list[str]:
    used_at = device.used_at.astimezone(zone).date().isoformat()
    rows = (
        ("item", joined((device.item_name or device.item_code, device.spec))),
        ("maker", device.maker),
        ("quantity", str(device.quantity)),
        ("lot", device.lot),
        ("serial", device.serial),
        ("expiry", device.expiry and device.expiry.isoformat()),
        ("used_at", used_at),
        ("identifier", joined((device.issuer, device.di))),
        ("udi", _readable(device)),
    )
    return ["<table>", *(_row(words[name], value) for name, value in rows if value), "</table>"]


def _readable(device: Device) -> str | None:
    """The label's text under its symbol; only GS1 has one that all print alike."""
    if device.issuer != Issuer.GS1 or device.di is None:
        return None
    try:
        return human_readable(device.di, device.lot, device.serial, device.expiry, device.production)
    except ValueError:
        return None


def _row(name: str, value: str) -> str:
    shown = "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in value)
    return f"<tr><th>{escape(name)}</th><td>{escape(shown)}</td></tr>"


def _show(encounter: str, found: Sequence[Device], zone: ZoneInfo, limit: int) -> None:
    if not found:
        typer.echo(f"No device of {encounter} is in the books.")
        return
    cells = [
        (
            each.used_at.astimezone(zone),
            joined((each.item_code or each.di, each.item_name)),
            each.lot,
            each.serial,
            each.expiry,
            each.quantity,
            became(each.verdict, each.reasons),
        )
        for each in found
    ]
    print_table(encounter, ("used", "goods", "lot", "serial", "use by", ">units", "verdict"), cells, limit=limit)
    typer.echo(f"{len(found):,} devices.")

"""`udi differences show`: one difference with both sides, so that whoever decides has seen what he decides on."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import typer

from sinks.postgres.reconciling.showing import OneEncounter, OneLine, OneUse, ShownDifference
from streams.cli.charging.telling import became, goods
from streams.cli.phrases import told_cell
from streams.cli.shown import ID_SHOWN, joined, print_table, short
from streams.language import say


class _Judged(Protocol):
    """What a list's row and a version of a difference have in common."""

    @property
    def kind(self) -> str: ...

    @property
    def aspects(self) -> Sequence[str]: ...


def fields_of(found: ShownDifference) -> dict[str, Any]:
    """As `--json` prints it."""
    return {
        "difference": asdict(found.steps[-1]),
        "encounters": [asdict(each) for each in found.encounters],
        "uses": [asdict(each) for each in found.uses],
        "lines": [asdict(each) for each in found.lines],
        "versions": [asdict(each) for each in found.steps],
    }


def show(found: ShownDifference, zone: ZoneInfo) -> None:
    """Both sides of a difference, one encounter after the other, then what became of it and by whom."""
    newest = found.steps[-1]
    id_ = str(newest.difference_id)
    _say("title", id=id_, hospital=newest.hospital, kind=kind_told(newest), status=told_cell(newest.status))
    if newest.amount:
        side = say("desk", "difference", "too-much" if newest.amount > 0 else "too-little")
        amount = f"{abs(newest.amount):,.2f}"
        _say("money", expected=f"{newest.expected:,.2f}", found=f"{newest.found:,.2f}", amount=amount, side=side)
    else:
        _say("money-even", expected=f"{newest.expected:,.2f}", found=f"{newest.found:,.2f}")
    _say("cause", cause=say("desk", "cause", newest.cause), fix=say("desk", "fix", newest.fix))
    for encounter in found.encounters:
        _show_encounter(found, encounter, zone)
    typer.echo("")
    steps = [
        (
            step.changed_at.astimezone(zone),
            step.by,
            joined((told_cell(step.kind), told_cell(step.status))),
            step.expected,
            step.found,
            step.reason,
        )
        for step in found.steps
    ]
    print_table(say("desk", "difference", "versions"), ("when", "who", "what", ">due", ">charged", "why"), steps)


def kind_told(difference: _Judged) -> str:
    """What kind of difference it is, and in what the line differs: `wrong price`."""
    return " ".join((told_cell(difference.kind), ", ".join(map(told_cell, difference.aspects)))).strip()


def _say(name: str, **values: object) -> None:
    typer.echo(say("desk", "difference", name, **values))


def _show_encounter(found: ShownDifference, encounter: OneEncounter, zone: ZoneInfo) -> None:
    newest, name = found.steps[-1], encounter.encounter
    typer.echo("")
    _say("encounter", encounter=name)
    if encounter.admitted_at is None:
        _say("unknown-encounter")
    else:
        left = encounter.discharged_at
        _say(
            "admitted",
            admitted=f"{encounter.admitted_at.astimezone(zone):%Y-%m-%d %H:%M}",
            discharged=f"{left.astimezone(zone):%Y-%m-%d %H:%M}" if left else say("desk", "difference", "not-yet"),
            department=encounter.department or "–",
        )
    item = newest.item_code or "?"
    uses = [_use(each, zone, here=each.scan_id == newest.scan_id) for each in found.uses if each.encounter == name]
    if uses:
        columns = ("used", ">units", "goods", "became", ">CNY", "by", "scan")
        print_table(say("desk", "difference", "uses", item=item), columns, uses)
    else:
        _say("none-used", encounter=name)
    lines = [_line(each, zone, here=each.line_id == newest.line_id) for each in found.lines if each.encounter == name]
    if lines:
        columns = ("service", ">units", "item", ">price", ">CNY", "department", "HIS line")
        print_table(say("desk", "difference", "lines", item=item), columns, lines)
    else:
        _say("none-charged", encounter=name)


def _use(each: OneUse, zone: ZoneInfo, *, here: bool) -> tuple[Any, ...]:
    units = None if each.units is None else each.units - each.returned
    what = goods(each.item_code, None, None, each.lot, each.serial)
    by = joined((each.device_id, each.staff, each.department))
    at = each.scanned_at.astimezone(zone)
    return (
        at,
        units,
        what,
        became(each.verdict, each.reasons),
        each.charged,
        by,
        _marked(short(each.scan_id), here=here),
    )


def _line(each: OneLine, zone: ZoneInfo, *, here: bool) -> tuple[Any, ...]:
    id_ = joined((each.line_id, say("desk", "difference", "cancelled") if each.cancelled else None))
    what = joined((each.item_code, each.insurance_code))
    at = each.service_at.astimezone(zone)
    return at, each.quantity, what, each.unit_price, each.amount, each.department, _marked(id_, here=here)


def _marked(text: str, *, here: bool) -> str:
    return f"{text} {say('desk', 'difference', 'here')}" if here else text


def digits_of(text: str) -> str | None:
    """The hexadecimal digits of an id or its beginning; `None` when it is none."""
    found = text.strip().lower().replace("-", "")
    return found if ID_SHOWN <= len(found) <= 32 and not set(found) - set("0123456789abcdef") else None

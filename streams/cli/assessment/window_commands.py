"""`udi assess --window` and `udi targets`, for people and machines."""

import getpass
from decimal import Decimal, InvalidOperation
from typing import Any

import asyncpg
import typer

from rules.assessment.assessing import Options
from sinks.postgres.assessment.windows import keep_run, set_targets, targets_of
from streams import language
from streams.cli.assessment.shown_assessment import show
from streams.cli.assessment.windows import Judgement, drill, judge_windows, judgement_document, kept, one_hospital
from streams.cli.assessment.windows_read import Span
from streams.cli.connection import bad, run
from streams.cli.phrases import word
from streams.cli.shown import print_json, print_table
from streams.settings import Settings


def assess_window(
    span: Span,
    earlier: Span | None,
    hospital: str | None,
    options: Options,
    *,
    keep: bool,
    department: str | None,
    as_json: bool,
) -> int:
    """Judge the departments of a window. Gives the exit status."""

    async def work(_: Settings, pool: asyncpg.Pool) -> Judgement:
        judged = await judge_windows(pool, await one_hospital(pool, hospital), span, earlier, options)
        if keep:
            run_id, whole, rows = kept(judged)
            await keep_run(
                pool, run_id, judged.hospital, (judged.after.span.first, judged.after.span.last), whole, rows
            )
        return judged

    judged = run(work)
    if department is not None and department not in {each.department for each in judged.after.departments}:
        bad(f"Expected a department with cases in {judged.after.span}, got {department!r}.")
    if as_json:
        more = {} if department is None else {"drill": drill(judged, department)}
        print_json(judgement_document(judged) | more)
        return 0
    _show(judged, department)
    return 0


def _show(judged: Judgement, department: str | None) -> None:
    rows = judgement_document(judged)["departments"]
    print_table(
        f"{judged.hospital} {judged.after.span}: ranks; 95 % sets hold for all departments at once",
        (">rank", "department", ">set", ">C", ">change", ">yuan/weight", ">set", "funnel"),
        [
            (row["rank"], row["department"], f"{row['rank_low']}–{row['rank_high']}", f"{row['closeness'] or 0:.3f}",
             "" if row["rank_change"] is None else f"{row['rank_change']:+d}", row["cost_per_weight"],
             f"{row['cost_rank_low']}–{row['cost_rank_high']}", row["funnel"].replace("within", ""))
            for row in rows
        ],
    )  # fmt: skip
    _show_targets(judged)
    typer.echo(
        f"Cost per weight: total ÷ total {judged.overall[1]:,.2f} yuan, "
        f"mean of the departments {judged.mean:,.2f} yuan."
    )
    if department is not None:
        _show_drill(judged, department)
    show(judged.found, judged.left_out, [], ranking=False)
    for each in judged.conclusions:
        typer.echo(f"- {each.text(language.language())}")


def _show_targets(judged: Judgement) -> None:
    if all(each.target is None for each in judged.attainment):
        typer.echo("No targets are set: `udi targets --base MONTH..MONTH --cut 5`.")
        return
    print_table(
        "Against target, the greatest excess first",
        ("department", ">yuan/weight", ">target", ">attained %", ">above by, yuan", ">share %"),
        [
            (each.department, each.cost_per_weight, None if each.target is None else round(each.target, 2),
             each.attainment_percent, each.excess if each.above else None, each.share_percent if each.above else None)
            for each in judged.attainment
        ],
    )  # fmt: skip


def _show_drill(judged: Judgement, department: str) -> None:
    print_table(
        f"{department} by DRG group and team",
        ("level", "which", ">cases", ">weight", ">consumables", ">yuan/weight"),
        [
            (word(row["by"]), row["which"], row["cases"], f"{row['weight']:.2f}", f"{row['consumables']:,.2f}",
             row["cost_per_weight"] and f"{row['cost_per_weight']:,.2f}")
            for row in drill(judged, department)
        ],
    )  # fmt: skip


def targets_command(base: Span | None, cut: str | None, hospital: str | None, by: str | None, *, as_json: bool) -> int:
    """Set targets from a base window, or show those in force."""
    try:
        percent = Decimal(cut or "5")
    except InvalidOperation:
        bad(f"Expected a cut in per cent like 5 or 10, got {cut!r}.")
    if not 0 <= percent < 100:
        bad(f"Expected a cut from 0 to less than 100 per cent, got {cut}.")

    async def work(_: Settings, pool: asyncpg.Pool) -> dict[str, Any]:
        which = await one_hospital(pool, hospital)
        if base is not None:
            judged = await judge_windows(pool, which, base, None, Options())
            values = {each.department: each.cost_per_weight for each in judged.attainment}
            await set_targets(pool, which, str(base), percent, by or getpass.getuser(), values)
        return dict(sorted((await targets_of(pool, which)).items()))

    found = run(work)
    if as_json:
        print_json(
            [
                {"department": name, "cost_per_weight": each.cost_per_weight, "base_window": each.base_window,
                 "cut_percent": each.cut_percent, "version": each.version}
                for name, each in found.items()
            ]
        )  # fmt: skip
    else:
        print_table(
            "Targets of cost per weight, yuan", ("department", ">target", "base", ">less %", ">version"),
            [(name, t.cost_per_weight, t.base_window, t.cut_percent, t.version) for name, t in found.items()],
        )  # fmt: skip
    return 0 if found else 1

"""What the demo shows at the end: numbers a person enjoys, and the tie-out."""

import asyncpg
from rich.columns import Columns
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sinks.postgres.closing.headlines import headlines, rises
from sinks.postgres.monitoring.desk import Desk
from sinks.postgres.proofs.summary import (
    TopAlert,
    difference_sums,
    effects,
    his_lines_now,
    month_sums,
    standing_alerts,
    top_alerts,
    verdict_counts,
)
from streams.language import say
from streams.proofs.demo.outcome import Run
from streams.proofs.demo.pages import CASE, CODE, NAME, TERMINAL, Pages
from streams.proofs.demo.tie_out import DIFFERENCES_SHOWN
from streams.settings import Settings
from streams.simulator.plan import Plan

BAR_WIDTH = 20
ALERTS_SHOWN = 3
FINDINGS_SHOWN = 5
_BLOCKS = " ▏▎▍▌▋▊▉█"


def header(console: Console, plan: Plan) -> None:
    """What is going to happen."""
    text = (
        f"A simulated hospital: {plan.months} months, {plan.departments} departments, {plan.items:,} items and more, "
        f"{plan.scans:,} scans with the dirt of real scanners.\n"
        "scan → validate → join to the charge catalogue → charge → stock → alert, on an embedded broker and PostgreSQL."
    )
    console.print(Panel(text, title="udistream demo", border_style="cyan"))


async def show(console: Console, pool: asyncpg.Pool, run: Run) -> None:
    """The summary: what came in, what came out, how fast, what was alerted, and whether it ties out."""
    console.print(await _sentences(pool))
    console.print(Columns([await _inputs(pool), await _outputs(pool), _speed(run)], padding=(0, 3)))
    console.print(await _months(pool))
    console.print(await _alerts(pool))
    console.print(await _findings(pool))
    if run.breaker is not None:
        b = run.breaker
        held, passed = (say("web", "outcome", f"verdict_{verdict}") for verdict in (b.held, b.passed))
        console.print(say("desk", "demo", "breaker", item=b.item_code, held=held, passed=passed))
    if run.quotas is not None:
        console.print(run.quotas)
    if run.monthly is not None:
        console.print(run.monthly.ratios)
        console.print(run.monthly.ranking)
        console.print(say("desk", "demo", "pack", files=", ".join(run.monthly.files)))
    console.print(await _his(pool))
    console.print(_tie_out(run))


async def _sentences(pool: asyncpg.Pool) -> Text:
    """Three sentences for whoever reads no table: money, what waits, what rose."""
    sums, rose = await headlines(pool), await rises(pool)
    lines = [
        say(
            "desk", "demo", "charged", charged=f"{sums.charged:,.2f}", missed=f"{sums.missed:,.2f}",
            overcharged=f"{sums.overcharged:,.2f}",
        ),
        say(
            "desk", "demo", "waiting", parked=f"{sums.parked:,}", held=f"{sums.held:,}", amount=f"{sums.waiting:,.2f}"
        ),
    ]  # fmt: skip
    if rose:
        most, items = rose[0], len({each.item_code for each in rose})
        name = f"{most.item_code} ({most.item_name})" if most.item_name else most.item_code
        lines.append(
            say(
                "desk", "demo", "rising", items=f"{items:,}", month=most.month, most=name, amount=f"{most.rise:,.2f}",
                percent=f"{most.change_percent:+.2f}", base=most.base_month,
            )
        )  # fmt: skip
    else:
        lines.append(say("desk", "demo", "none-rising"))
    return Text("".join(f"{line}\n" for line in lines), style="bold")


def addresses(console: Console, settings: Settings, pages: Pages) -> None:
    """How to go on when everything stays up."""
    console.print(
        Panel(
            f"Board         {pages.address}/          sign in as {NAME}, password {pages.password}\n"
            f"Terminal      {pages.address}/terminal  hospital H1, device {TERMINAL}, key\n"
            f"              {pages.key}\n"
            f"              scan or paste the case {CASE}, then {CODE}\n"
            f"Kafka         {settings.bootstrap_servers}\n"
            f"PostgreSQL    udi status --address (UDI_DATA_DIR={settings.data_dir})\n"
            "Try in another terminal: udi status · udi alerts · udi held · udi differences · udi parked\n"
            "Ctrl-C ends everything.",
            title="Everything stays up",
            border_style="green",
        )
    )


async def _inputs(pool: asyncpg.Pool) -> Table:
    return _table("Scans by verdict", [(row.verdict, f"{row.many:,}") for row in await verdict_counts(pool)])


async def _outputs(pool: asyncpg.Pool) -> Table:
    sums = await effects(pool)
    shown = [
        ("charges", f"{sums.charges:,}"),
        ("  amount, CNY", f"{sums.charged:,.2f}"),
        ("credits", f"{sums.credits:,}"),
        ("  amount, CNY", f"{sums.credited:,.2f}"),
        ("stock moves", f"{sums.moves:,}"),
        ("parked, then freed", f"{sums.parked:,}, {sums.freed:,}"),
        ("settlement lines", f"{sums.settlement:,}"),
        ("records published", f"{sums.published:,}"),
    ]
    return _table("What came of them", shown)


def _speed(run: Run) -> Table:
    rate = run.published / run.seconds if run.seconds else 0
    latencies = sorted(run.latencies)

    def at(share: float) -> str:
        return f"{1000 * latencies[min(len(latencies) - 1, int(share * len(latencies)))]:,.0f} ms" if latencies else "–"

    shown = [
        ("scans a second", f"{rate:,.0f}"),
        ("verdict after, median", at(0.5)),
        ("  95 of 100 within", at(0.95)),
        ("  slowest", at(1.0)),
    ]
    return _table("How fast, here and now", shown)


async def _months(pool: asyncpg.Pool) -> Table:
    rows = await month_sums(pool)
    table = Table(title="Month by month", title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name, justify in (("month", "left"), ("scans", "right"), ("", "left"), ("use, CNY", "right"), ("", "left")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    most_scans = max((row.scans for row in rows), default=1)
    most_money = max((row.net for row in rows), default=1) or 1
    for row in rows:
        table.add_row(
            row.month, f"{row.scans:,}", Text(bar(row.scans / most_scans), style="cyan"),
            f"{row.net:,.2f}", Text(bar(float(row.net / most_money)), style="green"),
        )  # fmt: skip
    return table


def bar(share: float, width: int = BAR_WIDTH) -> str:
    """A bar of eighths of a character."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    full, rest = divmod(eighths, 8)
    return "█" * full + (_BLOCKS[rest] if rest else "")


async def _alerts(pool: asyncpg.Pool) -> Table:
    stand = await standing_alerts(pool)
    title = f"Alerts: {stand:,} stand; the largest of each rule, by amount"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name, justify in (
        ("month", "left"), ("where", "left"), ("item", "left"), ("CNY", "right"), ("because", "left"),
    ):  # fmt: skip
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for row in await top_alerts(pool, ALERTS_SHOWN):
        table.add_row(row.month, row.scope, row.item_code, f"{row.value:,.2f}", _because(row))
    return table


async def _findings(pool: asyncpg.Pool) -> Table:
    """The newest closed month's findings with the most at stake, and how many there are."""
    rows = [row for row in await Desk(pool).findings() if not row["provisional"]]
    newest = max((row["month"] for row in rows), default="")
    months = len({row["month"] for row in rows}) or 1
    opened = [row for row in rows if row["status"] == "open"]
    counts = f"{len(rows) / months:,.0f} a month, {len(opened) / months:,.0f} open"
    title = (
        f"Findings: {counts}; those of {newest} with the most at stake"
        if rows
        else "Findings: none, for no month is closed yet"
    )
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name, justify in (("item", "left"), ("at stake, CNY", "right"), ("in", "left"), ("cause, CNY", "left")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for row in [each for each in opened if each["month"] == newest][:FINDINGS_SHOWN]:
        cause = (
            ", ".join(f"{say('assessment', 'factor', part['factor'])} {part['amount']}" for part in row["cause"])
            if row["measure"] == "amount"
            else ""
        )
        where = ", ".join(name for name, _ in row["departments"][:3])
        table.add_row(row["item_code"], f"{row['amount']:,.2f}", where, cause)
    return table


def _because(row: TopAlert) -> str:
    """What fired, with its figures, in a few words."""
    if row.rank is not None:
        return f"rank {row.rank}, top three {row.months_in_a_row} months in a row"
    if row.change_percent is None:
        return "new: nothing the month before"
    return f"{row.change_percent:+.2f} % on {row.base_month}"


async def _his(pool: asyncpg.Pool) -> Table:
    rows = await difference_sums(pool)
    lines = await his_lines_now(pool)
    still = sum(row.many for row in rows if not row.gone)
    title = f"Compared with the HIS: {lines:,} lines, {still:,} differences stand"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name, justify in (("", "left"), ("", "right"), ("due, CNY", "right"), ("charged, CNY", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for row in rows:
        money = ("", "") if row.gone else (f"{row.expected:,.2f}", f"{row.found:,.2f}")
        table.add_row(row.what, f"{row.many:,}", *money)
    return table


def _tie_out(run: Run) -> Panel:
    table = Table(box=None, pad_edge=False)
    for name, justify in (
        ("compared with the ground truth", "left"),
        ("expected", "right"),
        ("found", "right"),
        ("differences", "right"),
    ):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for line in run.lines:
        style = "red" if line.differences else "green"
        table.add_row(line.name, f"{line.expected:,}", f"{line.found:,}", Text(str(len(line.differences)), style=style))
        for each in line.differences[:DIFFERENCES_SHOWN]:
            table.add_row(Text(f"  {each}"[:160], style="red"))
    total = sum(len(line.differences) for line in run.lines)
    table.add_row("")
    table.add_row(Text(f"{total:,} differences", style="bold green" if not total else "bold red"))
    return Panel(table, title="Tie-out, to the cent", border_style="green" if not total else "red", expand=False)


def _table(title: str, rows: list[tuple[str, str]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    for name, value in rows:
        table.add_row(name, value)
    return table

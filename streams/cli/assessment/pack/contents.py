"""What the pack of a month says: gathered once, then written as HTML and as a workbook."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import orjson

from models.calendar import Month, month_text, shift
from models.stock.statement import WorkingCapital
from models.wording import LOCALES, texts
from rules.assessment.assessing import Options
from sinks.postgres.assessment.pack import (
    controls_of,
    database_time,
    findings_of,
    hospital_ratios,
    months_with_cases,
    reviews_of,
)
from sinks.postgres.assessment.ratios import Ratio, Share, ratios_of, share_trend, shares_of
from sinks.postgres.stock.statements import StatementBooks
from streams.cli.assessment.pack import charts
from streams.cli.assessment.scan_rate import document, scan_rate_of
from streams.cli.assessment.windows import judge_windows, judgement_document
from streams.cli.assessment.windows_read import Span

FINDINGS_SHOWN: Final = 30
WATERFALLS: Final = 6
SERIES_MONTHS: Final = 13
"""A month and the twelve before it."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The pack of a hospital's month."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    month: str
    """Like 2022-06."""
    as_of: datetime
    """Instant, in the hospital's zone: what was recorded later is in none of the figures."""
    findings: Sequence[Mapping[str, Any]]
    """Rows of `report.findings` of the month."""
    controls: Sequence[Mapping[str, Any]]
    """What is set against charging: breakers, quotas and their state."""
    reviews: Sequence[Mapping[str, Any]]
    """Who has the findings, and what was done: of the month's, and of earlier ones that are not closed."""
    ratios: Sequence[Ratio]
    """Consumption ratios of the month."""
    shares: Sequence[Share]
    """Of the nationally monitored kinds, and of auxiliary goods."""
    capital: Sequence[WorkingCapital]
    """What suppliers' own goods in the house are worth, by supplier, the most first."""
    scan_rate: Mapping[str, Any]
    """As `udi scan-rate --json` gives it."""
    assessment: Mapping[str, Any] | None
    """`None`: nobody was discharged that can be judged."""
    drawn: Mapping[str, str]
    """SVG texts by name."""


async def contents_of(pool: asyncpg.Pool, hospital: str, month: Month, zone: ZoneInfo) -> Contents:
    """Gather the pack."""
    as_of = (await database_time(pool)).astimezone(zone)
    name = month_text(month)
    findings = await findings_of(pool, hospital, name)
    ratios = [each for each in await ratios_of(pool, name, [hospital]) if each.scope_type in {"hospital", "department"}]
    months = [shift(month, back) for back in range(1 - SERIES_MONTHS, 1)]
    series = await hospital_ratios(pool, hospital, months)
    assessment = await _assessment(pool, hospital, month)
    drawn = charts.draw(_charts(findings, series, await share_trend(pool, hospital, months), assessment))
    return Contents(
        hospital,
        name,
        as_of,
        findings,
        await controls_of(pool, hospital, name),
        await reviews_of(pool, hospital, name),
        ratios,
        [each for each in await shares_of(pool, name, [hospital]) if each.scope_type == "hospital"],
        await StatementBooks(pool).capital(hospital, month),
        document(await scan_rate_of(pool, hospital, month), name),
        assessment,
        drawn,
    )


async def _assessment(pool: asyncpg.Pool, hospital: str, month: Month) -> dict[str, Any] | None:
    """The month against the same month a year before, else against the month before, else by itself."""
    known = await months_with_cases(pool, hospital)
    if month not in known:
        return None
    earlier = next((each for each in (shift(month, -12), shift(month, -1)) if each in known), None)
    span = Span(month, month)
    judged = await judge_windows(pool, hospital, span, Span(earlier, earlier) if earlier else None, Options())
    return judgement_document(judged)


def _charts(
    findings: Sequence[Mapping[str, Any]],
    series: Sequence[Mapping[str, Any]],
    shares: Sequence[Mapping[str, Any]],
    assessment: Mapping[str, Any] | None,
) -> dict[str, dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    for place, finding in enumerate(findings[:FINDINGS_SHOWN]):
        parts = _parts(finding) if finding["status"] == "open" and finding["base_value"] is not None else []
        if parts and sum(name.startswith("cause") for name in made) < WATERFALLS:
            unit = "元 yuan" if finding["measure"] == "amount" else both("pack", "units")
            before, after = f"{both('pack', 'base')} {finding['base_month']}", str(finding["month"])
            made[f"cause{place}"] = charts.waterfall(parts, before, after, float(finding["base_value"]), unit)
    for formula in ("consumption-ratio", "per-100-yuan"):
        rows = [
            {"month": row["month"], "value": float(row["ratio"]), "series": both("formula", row["formula"])}
            for row in series
            if row["ratio"] is not None and (row["formula"] == "per-100-yuan") == (formula == "per-100-yuan")
        ]
        if rows:
            made[formula] = charts.lines(rows, "%" if formula == "consumption-ratio" else "元 yuan")
    rows = [
        {"month": row["month"], "value": float(row["percent"]), "series": both("share", row["share"])}
        for row in shares
        if row["percent"] is not None
    ]
    if rows:
        made["shares"] = charts.lines(rows, "%")
    if assessment is not None:
        departments = assessment["departments"]
        made["ranks"] = charts.ranks(
            [
                {"department": row["department"], "rank": row["rank"], "low": row["rank_low"], "high": row["rank_high"]}
                for row in departments
                if row["rank"] is not None
            ]
        )
        points = [
            {"department": row["department"], "weight": row["total_weight"], "cost": float(row["cost_per_weight"]),
             "out": row["funnel"].endswith("99.8")}
            for row in departments
        ]  # fmt: skip
        limits = [
            {"weight": row["total_weight"], **{key: row[key] for key in ("low_95", "high_95", "low_998", "high_998")}}
            for row in assessment["funnel"]["limits"]
        ]
        made["funnel"] = charts.funnel(points, limits, assessment["funnel"]["target"])
    return made


def _parts(finding: Mapping[str, Any]) -> list[tuple[str, float]]:
    cause = finding["cause"]
    found = orjson.loads(cause) if isinstance(cause, str | bytes) else cause
    parts = [(both("factor", str(each["factor"])), float(each["amount"])) for each in found or ()]
    return parts if any(amount for _, amount in parts) else []


def both(table: str, key: str) -> str:
    """A word in both languages, Chinese first; the key itself where there is none."""
    words = [texts(f"assessment.{locale}")[table].get(key, key) for locale in reversed(LOCALES)]
    return " ".join(dict.fromkeys(words))

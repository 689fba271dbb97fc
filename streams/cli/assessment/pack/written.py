"""The pack as one HTML file that opens anywhere, and as a workbook."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from models.wording import LOCALES, texts
from streams.cli.assessment.pack.contents import FINDINGS_SHOWN, Contents, both
from streams.cli.phrases import in_each


def write_html(contents: Contents, file: Path) -> None:
    """One file without script and without anything from elsewhere."""
    environment = Environment(
        loader=PackageLoader("streams.cli.assessment.pack", "."), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["money"] = lambda value: "" if value is None else f"{value:,.2f}"
    environment.filters["signed"] = lambda value: "" if value is None else f"{value:+,.2f}"
    # What the drawing library made is markup; all else is escaped.
    drawn = {name: Markup(svg) for name, svg in contents.drawn.items()}  # noqa: S704 -- our own charts
    page = environment.get_template("pack.html").render(
        c=contents, drawn=drawn, word=lambda key: both("pack", key), formula=lambda key: both("formula", key),
        shown=FINDINGS_SHOWN, why=_why, filed=_filed(contents), near=_near(contents),
        state=lambda key: both("state", key), measure=lambda key: both("quota-measure", key),
        share=lambda key: both("share", key), review=lambda key: both("review", key),
        why_not=lambda key: both("cause", key), told=in_each,
    )  # fmt: skip
    file.write_text(page, encoding="utf-8")


def _why(finding: Mapping[str, Any]) -> str:
    """What its alerts say, in short."""
    said = []
    if finding["new"]:
        said.append(both("pack", "new"))
    if finding["change_percent"] is not None:
        said.append(f"{finding['change_percent']:+,.1f} %")
    if finding["rank"] is not None:
        said.append(f"{both('pack', 'rank')} {finding['rank']} × {finding['months_in_a_row']}")
    return "; ".join(said)


def _filed(contents: Contents) -> list[tuple[str, int, Decimal]]:
    """Findings that do not lie open: why, how many, and their yuan together."""
    counts, sums = Counter[str](), defaultdict[str, Decimal](Decimal)
    for each in contents.findings:
        if each["status"] != "open":
            words = [texts(locale)["filed"][each["filed"]] for locale in reversed(LOCALES)] if each["filed"] else []
            reason = " ".join(words) or both("finding", each["status"])
            counts[reason] += 1
            sums[reason] += each["amount"] or 0
    return [(reason, count, sums[reason]) for reason, count in counts.most_common()]


def _near(contents: Contents) -> list[Mapping[str, Any]]:
    """Quotas of which nine tenths or more are used, the nearest to used up first."""
    quotas = [
        each for each in contents.controls if each["kind"] == "quota" and each["used"] * 10 >= 9 * each["released"]
    ]
    return sorted(quotas, key=lambda each: (each["released"] - each["used"], -each["used"], each["what"]))


def write_workbook(contents: Contents, file: Path) -> None:
    """One sheet for each part. A cell is text or a number, never a formula."""
    with xlsxwriter.Workbook(
        file, {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    ) as book:
        bold = book.add_format({"bold": True})
        for title, heading, rows in _sheets(contents):
            sheet = book.add_worksheet(title)
            sheet.freeze_panes(1, 0)
            for column, name in enumerate(heading):
                sheet.write_string(0, column, name, bold)
                sheet.set_column(column, column, max(12, min(40, len(name) + 6)))
            for line, row in enumerate(rows, 1):
                for column, value in enumerate(row):
                    _cell(sheet, line, column, value)


def guarded(text: str) -> str:
    """A text that no program takes for a formula, also when the sheet is saved as CSV.

    >>> guarded("=1+1"), guarded("-3"), guarded("plate")
    ("'=1+1", "'-3", 'plate')
    """
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _cell(sheet: Any, line: int, column: int, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_string(line, column, "yes" if value else "no")
    elif isinstance(value, int | float | Decimal):
        sheet.write_number(line, column, float(value))
    else:
        sheet.write_string(line, column, guarded(str(value)))


def _sheets(contents: Contents) -> list[tuple[str, list[str], list[list[Any]]]]:
    ratio = (
        "scope_type", "scope", "formula", "numerator", "denominator", "ratio_percent", "year_on_year_points",
        "year_on_year_percent", "month_on_month_points", "month_on_month_percent", "numerator_from", "left_out",
    )  # fmt: skip
    ranked = (
        "rank", "department", "rank_low", "rank_high", "closeness", "rank_change", "own", "weights", "others",
        "cost_per_weight", "cost_low", "cost_high", "target", "attainment_percent", "excess", "share_percent", "funnel",
        "cases", "total_weight",
    )  # fmt: skip
    finding = (
        "item_code",
        "item_name",
        "status",
        "filed",
        "amount",
        "certain_amount",
        "departments",
        "measure",
        "cause",
    )
    control = ("kind", "what", "scope", "state", "released", "used", "reason")
    review = ("item_code", "month", "owner", "due_on", "state", "step", "said", "outcome", "days_to_action")
    share = ("share", "numerator", "denominator", "share_percent", "year_on_year_points", "month_on_month_points")
    capital = ("supplier", "days", "value", "units", "units_without_cost", "used", "days_lying")
    rated = ("by", "key", "scanned", "typed", "charged_without_scan", "expected", "unseen", "unseen_from")
    assessment = contents.assessment or {"conclusions": [], "departments": [], "weights": {}}
    about = [["hospital", contents.hospital], ["month", contents.month], ["as_of", contents.as_of.isoformat()]]
    return [
        ("说明 about", ["name", "value"], about),
        ("结论 conclusions", ["zh-CN", "en"], [[each["zh-CN"], each["en"]] for each in assessment["conclusions"]]),
        ("事项 findings", list(finding), [[each[name] for name in finding] for each in contents.findings]),
        ("措施 decisions", list(control), [[each[name] for name in control] for each in contents.controls]),
        ("评价 reviews", list(review), [[each[name] for name in review] for each in contents.reviews]),
        ("耗占比 ratios", list(ratio), [[getattr(each, name) for name in ratio] for each in contents.ratios]),
        ("排名 ranking", list(ranked), [[each[name] for name in ranked] for each in assessment["departments"]]),
        ("占比 shares", list(share), [[getattr(each, name) for name in share] for each in contents.shares]),
        ("资金 capital", list(capital), [[getattr(each, name) for name in capital] for each in contents.capital]),
        (
            "扫码率 scan rate", [*rated, "percent", "low", "high", "by_amount", "by_udi"],
            [[*(row[name] for name in rated), *(row["by_line"][key] for key in ("percent", "low", "high")),
              row["by_amount"]["percent"], row["by_udi"]["percent"]] for row in contents.scan_rate["rows"]],
        ),
        (
            "权重 weights", ["index", "variability", "conflict", "information", "weight"],
            [[name, *(each[key] for key in ("variability", "conflict", "information", "weight"))]
             for name, each in assessment["weights"].items()],
        ),
    ]  # fmt: skip

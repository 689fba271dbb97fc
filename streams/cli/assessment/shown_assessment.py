"""An assessment as JSON (docs/contract.md, "Assessment") and as tables."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import typer

from models.assessment.indices import SEVEN, LeftOut
from models.wording import LOCALES
from rules.assessment.assessing import Assessment, Judged
from rules.assessment.comparing import Comparison, p_text
from rules.assessment.topsis import RankChange
from streams.cli.phrases import told_cell
from streams.cli.shown import print_table
from streams.language import language


def document(found: Assessment, left_out: Sequence[LeftOut], remarks: Sequence[str]) -> dict[str, Any]:
    """Everything, for machines."""
    options = found.options
    return {
        "method": {
            "scaling": "min-max, cost-type indices reversed",
            "deviation": options.deviation.value,
            "form": options.form.value,
            "reference": options.reference,
            "tests": "Shapiro-Wilk of the differences and Levene (median) at 0.05 choose paired t or Wilcoxon",
        },
        "weights": _weights(found.judged),
        "departments": _departments(found),
        "comparison": _comparison(found),
        "spearman": _spearman(found.judged),
        "left_out": [_left_out(each) for each in left_out],
        "windows": _windows(found),
        "beyond_bounds": list(found.judged.beyond),
        "remarks": list(remarks),
    }


def _weights(judged: Judged) -> dict[str, Any]:
    return {
        index.name: {
            "variability": each.variability, "conflict": each.conflict, "information": each.information,
            "weight": each.weight, "direction": index.direction.value, "constant": each.constant,
        }
        for index, each in zip(judged.table.indices, judged.weights, strict=True)
    }  # fmt: skip


def _departments(found: Assessment) -> list[dict[str, Any]]:
    judged = found.judged
    changes = found.changes or (None,) * len(judged.standings)
    rows = [
        {
            "department": each.department, "d_plus": each.d_plus, "d_minus": each.d_minus, "closeness": each.closeness,
            "rank": each.rank, "rank_low": None, "rank_high": None, "marginal_low": None, "marginal_high": None,
            **_change(change), "removals_that_change": removal,
        }
        for each, change, removal in zip(judged.standings, changes, judged.removals, strict=True)
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row["rank"] or 0, str(row["department"])))


def _change(change: RankChange | None) -> dict[str, Any]:
    if change is None:
        return {"rank_change": None, "own": None, "weights": None, "others": None}
    own, weights, others = in_hundredths(change)
    return {"rank_change": change.change, "own": own, "weights": weights, "others": others}


def in_hundredths(change: RankChange) -> tuple[float, float, float]:
    """The parts with two digits that still add up: rounded down, the rest to the largest remainders.

    >>> from fractions import Fraction
    >>> in_hundredths(RankChange(1, Fraction(1, 3), Fraction(1, 3), Fraction(1, 3)))
    (0.34, 0.33, 0.33)
    """
    exact = [part * 100 for part in (change.own, change.weights, change.others)]
    whole = [part.numerator // part.denominator for part in exact]
    left = change.change * 100 - sum(whole)
    for place in sorted(range(3), key=lambda each: whole[each] - exact[each])[:left]:
        whole[place] += 1
    return whole[0] / 100, whole[1] / 100, whole[2] / 100


def _comparison(found: Assessment) -> dict[str, Any]:
    rows = {
        index.name: asdict(each)
        for index, each in zip(found.judged.table.indices, found.comparison, strict=bool(found.comparison))
    }
    if found.cost_per_weight is not None:
        rows["cost_per_weight"] = asdict(found.cost_per_weight)
    return rows


def _spearman(judged: Judged) -> dict[str, Any]:
    return {
        index.name: asdict(each)
        for index, each in zip(judged.table.indices, judged.spearman, strict=bool(judged.spearman))
    }


def _left_out(each: LeftOut) -> dict[str, Any]:
    return {"department": each.department, "index": each.index, "window": each.window, "reason": each.reason}


def _windows(found: Assessment) -> dict[str, Any]:
    named = {"before": found.before, "after": found.judged} if found.before else {"judged": found.judged}
    return {
        name: {
            "weights": _weights(judged),
            "departments": [
                {"department": each.department, "closeness": each.closeness, "rank": each.rank}
                for each in judged.standings
            ],
            "spearman": _spearman(judged),
        }
        for name, judged in named.items()
        if judged is not None
    }


# Tables -----------------------------------------------------------------------------------------------------------


def show(found: Assessment, left_out: Sequence[LeftOut], remarks: Sequence[str], *, ranking: bool = True) -> None:
    """The same for a person."""
    print_table(
        "Weights (CRITIC)", ("index", "good is", ">variability", ">conflict", ">information", ">weight"),
        [
            (_index(index.name), told_cell("higher" if index.direction.value == "benefit" else "lower"),
             f"{each.variability:.4f}", f"{each.conflict:.4f}", f"{each.information:.4f}", f"{each.weight:.4f}")
            for index, each in zip(found.judged.table.indices, found.judged.weights, strict=True)
        ],
    )  # fmt: skip
    if ranking:
        _show_ranking(found)
    if found.comparison:
        print_table(
            "Comparison, department by department", ("index", "before", "after", "test", ">statistic", ">P"),
            [_compared(name, each) for name, each in _compared_rows(found)],
        )  # fmt: skip
    if found.judged.spearman:
        print_table(
            "Cost per weight goes along with (Spearman)", ("index", ">rho", ">P"),
            [
                (_index(index.name), _figure(each.rho), _marked(each.p))
                for index, each in zip(found.judged.table.indices, found.judged.spearman, strict=True)
            ],
        )  # fmt: skip
    if left_out:
        rows = [
            (each.department or "", each.index and _index(each.index), each.window or "", told_cell(each.reason))
            for each in left_out
        ]
        print_table("Left out", ("department", "index", "window", "why"), rows)
    for remark in remarks:
        typer.echo(f"Note: {remark}.")


def _show_ranking(found: Assessment) -> None:
    print_table(
        "Ranking (TOPSIS); the last column: share of removals of another department that change it",
        (">rank", "department", ">C", ">change", ">own", ">weights", ">others", ">unstable"),
        [_row(row) for row in _departments(found)],
    )


def _row(row: dict[str, Any]) -> tuple[Any, ...]:
    change = row["rank_change"]
    parts = [row[name] for name in ("own", "weights", "others")]
    return (
        row["rank"], row["department"], _figure(row["closeness"]),
        "" if change is None else f"{change:+d}", *("" if part is None else f"{part:+.2f}" for part in parts),
        f"{row['removals_that_change']:.0%}",
    )  # fmt: skip


def _compared_rows(found: Assessment) -> list[tuple[str, Comparison]]:
    rows = [
        (_index(index.name), each) for index, each in zip(found.judged.table.indices, found.comparison, strict=True)
    ]
    return [*rows, (told_cell("cost per weight"), found.cost_per_weight)] if found.cost_per_weight else rows


def _compared(name: str, each: Comparison) -> tuple[Any, ...]:
    return name, each.before.text, each.after.text, told_cell(each.test), _figure(each.statistic), _marked(each.p)


def _marked(p: float | None) -> str:
    return "" if p is None else f"{p_text(p)}{' *' if p < 0.05 else ''}"


def _index(name: str) -> str:
    """An index of the study by its name in Chinese; one of the hospital's own as its table calls it."""
    known = next((each for each in SEVEN if each.code == name), None)
    return name if known is None or language() == LOCALES[0] else known.chinese


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"

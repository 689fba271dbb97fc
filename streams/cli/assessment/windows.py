"""`udi assess --window`: departments judged by the cases in the books, compared, and how sure it is."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import asyncpg
import orjson

from models.assessment.indices import LeftOut
from rules.assessment.assessing import Assessment, Options, assess
from rules.assessment.conclusions import Conclusion, conclude
from rules.assessment.from_cases import (
    CONSUMABLES,
    COST,
    DAYS,
    WEIGHT,
    DepartmentCases,
    Sureness,
    index_table,
    sureness,
)
from rules.assessment.funnel import Z_95, Z_998, Funnel, funnel, volumes
from rules.assessment.gaming import Care, Sign, signs_of
from rules.assessment.targets import Actual, Attained, attained
from sinks.postgres.assessment.windows import CaseRow, KeptRow, cases_of, hospitals_with_cases, targets_of
from streams.cli.assessment.shown_assessment import document
from streams.cli.assessment.windows_read import Span, WindowCases, window_of
from streams.settings import SettingsError


@dataclass(frozen=True, slots=True)
class Judgement:
    """An assessment of cases with everything that goes with it."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    after: WindowCases
    """Cases of the window that is judged."""
    before: WindowCases | None
    """Cases of the window it is compared with; `None` without one."""
    found: Assessment
    """Weights, ranks and comparison."""
    sure: Sureness
    """How sure the ranks are."""
    overall: tuple[float | None, float]
    """Total ÷ total cost per weight before and now, yuan."""
    mean: float
    """Of the departments' cost per weight, yuan."""
    attainment: tuple[Attained, ...]
    """Each department against its target."""
    funnel: Funnel
    """Limits around the hospital's total ÷ total."""
    places: tuple[str, ...]
    """Where each department lies in the funnel, in the order of the judged table."""
    signs: tuple[Sign, ...]
    """What looks better without being better."""
    conclusions: tuple[Conclusion, ...]
    """Sentences made of the figures."""
    left_out: tuple[LeftOut, ...]
    """What is no part of it, each with its reason."""
    departments: tuple[DepartmentCases, ...]
    """Those that are judged, in the order of the judged table."""


async def one_hospital(pool: asyncpg.Pool, asked: str | None) -> str:
    """The hospital asked for, or the only one with cases.

    Raises:
        SettingsError: none, or several and none was named.
    """
    known = await hospitals_with_cases(pool)
    if asked is not None and asked in known:
        return asked
    if asked is None and len(known) == 1:
        return known[0]
    if not known:
        raise SettingsError("Expected discharged cases in the books, found none; `udi load discharges FILE`.")
    raise SettingsError(f"Expected --hospital out of {', '.join(known)}, got {asked or 'none'}.")


async def judge_windows(
    pool: asyncpg.Pool, hospital: str, span: Span, earlier: Span | None, options: Options
) -> Judgement:
    """Judge a window, by itself or against an earlier one; whichever is earlier in time is `before`.

    Raises:
        SettingsError: no case of a window can be judged.
    """
    if earlier is not None and earlier.first > span.first:
        span, earlier = earlier, span
    after = window_of(await _cases(pool, hospital, span), span, "after" if earlier else None)
    before = window_of(await _cases(pool, hospital, earlier), earlier, "before") if earlier else None
    targets = {name: each.cost_per_weight for name, each in (await targets_of(pool, hospital)).items()}
    return judgement(hospital, after, before, targets, options)


async def _cases(pool: asyncpg.Pool, hospital: str, span: Span) -> list[CaseRow]:
    return await cases_of(pool, hospital, span.first, span.last, span.without)


def judgement(
    hospital: str,
    after: WindowCases,
    before: WindowCases | None,
    targets: dict[str, Decimal],
    options: Options,
) -> Judgement:
    """The judgement of windows that are read. Raises as `judge_windows`."""
    for each in (after, before):
        if each is not None and not each.departments:
            raise SettingsError(f"Expected cases with weight, days and costs in {each.span}, found none.")
    earlier = index_table(before.departments) if before else None
    try:
        found = assess(index_table(after.departments), earlier, options)
    except ValueError as error:
        raise SettingsError(f"{after.span}: {error}") from None
    by_name = {each.department: each for each in after.departments}
    departments = tuple(by_name[name] for name in found.judged.table.departments)
    weights = [each.weight for each in found.judged.weights]
    fixed = (weights, found.judged.bounds) if options.reference else None
    sure = sureness(departments, options.form, fixed)
    costs = found.judged.table.cost_per_weight or ()
    overall = (_overall(before.departments) if before else None, _overall(after.departments))
    plot = funnel(departments, overall[1])
    places = tuple(plot.place(volume, cost) for volume, cost in zip(volumes(departments), costs, strict=True))
    attainment = attained([_actual(each) for each in after.departments], targets)
    signs = _signs(before, after) if before else ()
    outside = [each.department for each, place in zip(departments, places, strict=True) if place == "above-99.8"]
    conclusions = (
        *conclude(found, sure.by_closeness, overall, attainment, outside, signs),
        *_remarks(after, before),
    )
    left_out = (*after.left_out, *(before.left_out if before else ()), *found.left_out)
    mean = sum(costs) / len(costs)
    return Judgement(
        hospital, after, before, found, sure, overall, mean, attainment, plot, places, signs, conclusions, left_out,
        departments,
    )  # fmt: skip


def _remarks(after: WindowCases, before: WindowCases | None) -> list[Conclusion]:
    said = []
    groupers = sorted({*after.groupers, *(before.groupers if before else ())})
    if len(groupers) > 1:
        said.append(Conclusion("groupers", {"groupers": ", ".join(each or "?" for each in groupers)}))
    from_books = after.from_books + (before.from_books if before else 0)
    if from_books:
        said.append(Conclusion("from-books", {"count": f"{from_books:,}"}))
    return said


def _overall(departments: Sequence[DepartmentCases]) -> float:
    weight = sum(float(each.columns[:, WEIGHT].sum()) for each in departments)
    return sum(float(each.columns[:, CONSUMABLES].sum()) for each in departments) / 100 / weight


def _actual(each: DepartmentCases) -> Actual:
    weight, fen = float(each.columns[:, WEIGHT].sum()), round(float(each.columns[:, CONSUMABLES].sum()))
    return Actual(each.department, Decimal(f"{weight:.6f}"), Decimal(fen) / 100)


def _signs(before: WindowCases, after: WindowCases) -> tuple[Sign, ...]:
    earlier = {each.department: each for each in before.departments}
    return tuple(
        sign
        for each in after.departments
        if each.department in earlier
        for sign in signs_of(each.department, _care(earlier[each.department], before), _care(each, after))
    )


def _care(each: DepartmentCases, window: WindowCases) -> Care:
    sums = each.columns.sum(axis=0)
    its = [row for row in window.rows if row.department == each.department]
    reported = [None if row.adverse_events is None and row.device_events is None else
                (row.adverse_events or 0) + (row.device_events or 0) for row in its]  # fmt: skip
    events = None if None in reported else sum(each or 0 for each in reported)
    consumables = float(sums[CONSUMABLES]) / 100
    return Care(
        len(each.columns), float(sums[WEIGHT]), float(sums[DAYS]), consumables, float(sums[COST]) / 100 - consumables,
        events,
    )  # fmt: skip


def judgement_document(judged: Judgement) -> dict[str, Any]:
    """Everything, for machines."""
    found, names = judged.found, judged.found.judged.table.departments
    whole = document(found, judged.left_out, [])
    sets = dict(zip(names, zip(judged.sure.by_closeness, judged.sure.by_cost_per_weight, strict=True), strict=True))
    attainment = {each.department: each for each in judged.attainment}
    for row in whole["departments"]:
        place = names.index(row["department"])
        near, cost = sets[row["department"]]
        its = attainment[row["department"]]
        row |= {
            "rank_low": near.low, "rank_high": near.high, "marginal_low": near.marginal_low,
            "marginal_high": near.marginal_high, "same_as": [names[other] for other in near.same_as],
            "values": dict(zip((each.name for each in found.judged.table.indices),
                               found.judged.table.values[place], strict=True)),
            "cost_per_weight": its.cost_per_weight, "cost_low": judged.sure.cost_low[place],
            "cost_high": judged.sure.cost_high[place], "cost_rank_low": cost.low, "cost_rank_high": cost.high,
            "funnel": judged.places[place], "total_weight": volumes(judged.departments)[place],
            "cases": len(judged.departments[place].columns), "target": its.target,
            "attainment_percent": its.attainment_percent, "above_target": its.above, "excess": its.excess,
            "share_percent": its.share_percent,
        }  # fmt: skip
    return whole | {
        "hospital": judged.hospital,
        "months": {"after": judged.after.span.months, "before": judged.before.span.months if judged.before else []},
        "cost_per_weight": {
            "total_by_total": judged.overall[1], "total_by_total_before": judged.overall[0],
            "mean_of_departments": judged.mean,
        },
        "resamples": judged.sure.resamples,
        "bounds": {"low": found.judged.bounds.low, "high": found.judged.bounds.high},
        "funnel": {
            "target": judged.funnel.target, "spread": judged.funnel.spread,
            "limits": [
                {"total_weight": weight, "low_95": judged.funnel.limits(weight, Z_95)[0],
                 "high_95": judged.funnel.limits(weight, Z_95)[1], "low_998": judged.funnel.limits(weight, Z_998)[0],
                 "high_998": judged.funnel.limits(weight, Z_998)[1]}
                for weight in sorted(volumes(judged.departments))
            ],
        },
        "signs": [asdict(each) for each in judged.signs],
        "conclusions": [{"key": each.key, **each.texts()} for each in judged.conclusions],
    }  # fmt: skip


def kept(judged: Judgement) -> tuple[UUID, dict[str, Any], list[KeptRow]]:
    """(id, document, rows) of a run to keep; the id is that of what it says, so the same again is the same run."""
    whole = judgement_document(judged)
    run = uuid5(NAMESPACE_URL, f"udi:{judged.hospital}:{orjson.dumps(whole, default=str).decode()}")
    rows = [
        KeptRow(
            row["department"], row["values"], row["closeness"], row["rank"], row["rank_low"], row["rank_high"],
            row["target"], row["attainment_percent"],
        )
        for row in whole["departments"]
    ]  # fmt: skip
    return run, whole, rows


def drill(judged: Judgement, department: str) -> list[dict[str, Any]]:
    """A department's cost per weight by DRG group and by medical team, the dearest in all first."""
    found = []
    for kind in ("drg_group", "team"):
        sums = dict[str, list[float]]()
        for row in judged.after.rows:
            if row.department == department:
                its = sums.setdefault(getattr(row, kind) or "?", [0.0, 0.0, 0.0])
                its[0] += 1
                its[1] += row.weight or 0.0
                its[2] += row.consumables_fen / 100
        found += [
            {"by": kind, "which": name, "cases": int(cases), "weight": round(weight, 4), "consumables": round(cost, 2),
             "cost_per_weight": round(cost / weight, 2) if weight > 0 else None}
            for name, (cases, weight, cost) in sorted(sums.items(), key=lambda item: -item[1][2])
        ]  # fmt: skip
    return found


__all__ = ["Judgement", "drill", "judge_windows", "judgement", "judgement_document", "kept", "one_hospital"]

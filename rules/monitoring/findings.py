"""What becomes of a hospital's alerts on one item and month: one finding, open for people or filed with a reason.

References:
    docs/findings.md.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import isqrt
from typing import Final

from models.calendar import Month
from models.monitoring.alert import AlertVersion, Cell, Measure, Scope, ScopeType, Status, UsageSums
from models.monitoring.cause import CausePart, Factor
from models.monitoring.finding import (
    AlertRef,
    Candidates,
    DepartmentRise,
    DeskCut,
    Filed,
    FindingBody,
    FindingKey,
    FindingStatus,
    FindingVersion,
)
from models.monitoring.rule import RuleKind, RuleRow
from rules.monitoring.causes.explaining import CASELOAD
from rules.monitoring.versions import STANDS

CHANCE_DEVIATIONS: Final = 3
"""A rise within so many standard deviations of a count comes by chance. No source: ours; three cover 997 of 1,000."""
DEPARTMENTS_PERCENT: Final = 80
"""The departments named make up so many per cent of the rise. Source: ours."""

RuleOf = Callable[[str, Month, str], RuleRow | None]
"""The rule of a name that holds at a hospital in a month."""


@dataclass(frozen=True, slots=True)
class FindingFacts:
    """What is known of the items and months of findings."""

    usage: Mapping[tuple[str, str], Mapping[Cell, UsageSums]]
    """By hospital and item: its use in every scope, in the months of findings and of their bases."""
    rule_of: RuleOf
    """The rule of an alert, as it held in its month."""


def finding_of(key: FindingKey, alerts: Iterable[AlertVersion], facts: FindingFacts) -> FindingBody:
    """What the newest versions of all alerts of an item and month come to, before the desk is asked for room."""
    standing = sorted((each for each in alerts if each.status in STANDS), key=lambda each: each.key)
    weighed = [(_weigh(each, facts), each) for each in standing]
    top = max(weighed, key=lambda pair: (pair[0], _preferred(pair[1])), default=None)
    status, filed = _status(key, standing, facts)
    certain, amount = top[0] if top else (0, 0)
    return FindingBody(
        status,
        filed,
        any(each.provisional for each in standing),
        amount,
        certain,
        top[1].figures.cause if top else (),
        top[1].key.rule.measure if top else None,
        tuple(AlertRef(each.key.alert_id, each.version) for each in standing),
        _departments(key, top[1], facts) if top else (),
    )


def _preferred(alert: AlertVersion) -> tuple[bool, bool, bool]:
    """Of alerts with the same at stake: one with a cause, of money, of the hospital."""
    scope, rule = alert.key.cell.scope, alert.key.rule
    return bool(alert.figures.cause), rule.measure is Measure.AMOUNT, scope.type is ScopeType.HOSPITAL


def _status(
    key: FindingKey, standing: Sequence[AlertVersion], facts: FindingFacts
) -> tuple[FindingStatus, Filed | None]:
    if not standing:
        return FindingStatus.WITHDRAWN, None
    firing = [each for each in standing if each.status is not Status.EXPLAINED]
    kinds = {each.key.rule.rule: facts.rule_of(key.hospital, key.month, each.key.rule.rule) for each in firing}
    new = {name for name, row in kinds.items() if row is not None and row.kind is RuleKind.NEW_ITEM}
    if new and not _new_is_open(firing, kinds):
        firing = [each for each in firing if each.key.rule.rule not in new]
        if not firing:
            return FindingStatus.EXPLAINED, Filed.NEW
    if not firing:
        return FindingStatus.EXPLAINED, Filed.CASELOAD
    if all(_goes_on(each, kinds[each.key.rule.rule]) for each in firing):
        return FindingStatus.CONTINUED, None
    return FindingStatus.OPEN, None


def _new_is_open(firing: Sequence[AlertVersion], rules: Mapping[str, RuleRow | None]) -> bool:
    """Some scope spends so much on the new item that it lies open."""
    for each in firing:
        row = rules[each.key.rule.rule]
        if row is None or row.kind is not RuleKind.NEW_ITEM or each.key.rule.measure is not Measure.AMOUNT:
            continue
        if row.open_from_fen is None or each.figures.value >= row.open_from_fen:
            return True
    return False


def _goes_on(alert: AlertVersion, row: RuleRow | None) -> bool:
    run = alert.figures.months_in_a_row
    return row is not None and row.kind is RuleKind.RANK and run is not None and run > (row.months or 1)


def _weigh(alert: AlertVersion, facts: FindingFacts) -> tuple[int, int]:
    """(certain, at stake) in fen."""
    cell, figures = alert.key.cell, alert.figures
    usage = facts.usage.get((cell.scope.hospital, cell.item_code), {})
    now = usage.get(cell, UsageSums())
    if figures.base_month in {None, cell.month}:
        # A rank has no base, and a quota's is of the month itself: what is at stake is the use.
        counts = cell.scope.type is ScopeType.HOSPITAL or figures.base_month is not None
        whole = now.amount_fen if counts else 0
        return (max(0, whole), max(0, whole))
    assert figures.base_month is not None  # noqa: S101 -- seen above
    before = usage.get(cell._replace(month=figures.base_month), UsageSums())
    rise = now.amount_fen - before.amount_fen
    if not figures.cause:
        return (max(0, rise), max(0, rise))
    left = rise * _share(figures.cause, set(Factor) - set(CASELOAD))
    # Of the measure quantity it is 0. What a higher price costs is at stake also while use falls.
    price = Fraction(sum(part.amount for part in figures.cause if part.factor is Factor.PRICE))
    left = max(left, price)
    units = before.quantity + now.quantity
    paid = Fraction(before.amount_fen + now.amount_fen, units) if units > 0 else Fraction(0)
    chance = CHANCE_DEVIATIONS * paid * isqrt(max(0, units))
    certain = max(Fraction(0), left - price - chance) + max(Fraction(0), price)
    return int(max(Fraction(0), min(certain, left))), int(max(Fraction(0), left))


def _share(cause: Sequence[CausePart], factors: set[Factor]) -> Fraction:
    """What some factors make up of a rise."""
    whole = sum(part.amount for part in cause)
    return Fraction(sum(part.amount for part in cause if part.factor in factors), whole) if whole else Fraction(0)


def _departments(key: FindingKey, alert: AlertVersion, facts: FindingFacts) -> tuple[DepartmentRise, ...]:
    """The departments with the largest rises that make up most of the rise together."""
    base = alert.figures.base_month
    rises: dict[Scope, int] = {}
    for cell, sums in facts.usage.get((key.hospital, key.item_code), {}).items():
        if cell.scope.type is ScopeType.DEPARTMENT:
            sign = {key.month: 1, base: -1}.get(cell.month, 0)
            rises[cell.scope] = rises.get(cell.scope, 0) + sign * sums.amount_fen
    rising = sorted(((fen, scope.id) for scope, fen in rises.items() if fen > 0), key=lambda each: (-each[0], each[1]))
    whole, named, found = sum(fen for fen, _ in rising), 0, []
    for fen, department in rising:
        if named * 100 >= DEPARTMENTS_PERCENT * whole:
            break
        found.append(DepartmentRise(department, fen))
        named += fen
    return tuple(found)


def cut_of(candidates: Candidates, room: int) -> DeskCut | None:
    """What the last finding that finds room has at stake; `None` when all do.

    Args:
        candidates: The findings of one hospital and month.
        room: How many the desk holds.
    """
    bodies = [body for _, body in candidates if body.status is FindingStatus.OPEN]
    if len(bodies) <= room:
        return None
    found = sorted(
        (DeskCut(body.certain_fen, body.amount_fen) for body in bodies if body.certain_fen > 0), reverse=True
    )
    if len(found) <= room:
        return DeskCut(1, 0)
    last, first_out = found[room - 1], found[room]
    return last if last != first_out else DeskCut(last.certain_fen, last.amount_fen + 1)


def on_desk(body: FindingBody, cut: DeskCut | None) -> FindingBody:
    """An open finding stays open when it has as much at stake as the cut; else it is filed with the reason."""
    if body.status is not FindingStatus.OPEN or cut is None or (body.certain_fen, body.amount_fen) >= cut:
        return body
    filed = Filed.BEYOND_DESK
    if body.certain_fen == 0:
        filed = Filed.CHANCE if body.cause or body.amount_fen else Filed.DEPARTMENT_RANK
    return replace(body, status=FindingStatus.EXPLAINED, filed=filed)


def next_finding(newest: FindingVersion | None, body: FindingBody) -> FindingBody | None:
    """The body of the next version, or `None` when nothing is to be said.

    A finding that a person has closed stays closed until what it rests on changes; then it is what it would be.
    """
    if newest is None:
        return None if body.status is FindingStatus.WITHDRAWN else body
    if newest.body.status is FindingStatus.CLOSED:
        closed = replace(body, status=FindingStatus.CLOSED, filed=None)
        return None if closed == newest.body else body
    return None if body == newest.body else body

"""Findings brought up to date in a session of the evaluator, after its alert versions are written.

References:
    docs/findings.md.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from models.calendar import Month
from models.monitoring.alert import AlertVersion, Cell, UsageSums
from models.monitoring.finding import DeskCut, FindingBody, FindingKey, FindingStatus, FindingVersion
from models.monitoring.review import Step
from models.monitoring.rule import RuleRow
from models.policy import POLICY
from rules.monitoring.book import RuleBook
from rules.monitoring.findings import FindingFacts, cut_of, finding_of, next_finding, on_desk
from rules.monitoring.reviewing import after
from sinks.postgres.monitoring.alerts import AlertSession, Evaluated

FINDINGS_MAX: Final = 200
"""Findings weighed between two questions to the database: some tenths of a second of one core. Own choice."""
_Alerts = Mapping[FindingKey, Collection[AlertVersion]]


async def find(
    session: AlertSession, book: RuleBook, evaluated: Evaluated, closed_through: Mapping[str, Month]
) -> None:
    """Find again what the session's versions and closes are about, and write what changed."""
    closes = {(close.hospital, close.month): close.closed_at for close in evaluated.judged}
    caused: dict[FindingKey, datetime] = {}
    for version in evaluated.versions:
        (scope, item_code, month), at = version.key.cell, version.fired_at
        key = FindingKey(scope.hospital, item_code, month)
        caused[key] = max(at, caused.get(key, at))
    for key in await session.findings.keys_of_months(closes):
        caused.setdefault(key, closes[key.hospital, key.month])
    if not caused:
        return
    bodies = await _bodies(session, book, sorted(caused))
    cuts = await session.findings.cuts({key.hospital for key in caused})
    drawn = _draw(bodies, closes)
    newest = await session.findings.newest(caused)
    said = []
    for key, body in bodies.items():
        known = cuts.get(key.hospital, {})
        cut = drawn[key.hospital, key.month] if (key.hospital, key.month) in drawn else _cut(key, known, closed_through)
        changed = next_finding(newest.get(key), on_desk(body, cut))
        if changed is not None:
            number = newest[key].version + 1 if key in newest else 1
            said.append(FindingVersion(key, number, changed, caused[key]))
    await session.findings.record(said, drawn)
    for each in said:
        before = newest.get(each.key)
        if before is not None and before.body.status is FindingStatus.CLOSED:
            await session.reopen(each.key, each.found_at, lambda entries: after(entries, Step.REOPEN))


async def _bodies(session: AlertSession, book: RuleBook, keys: Sequence[FindingKey]) -> dict[FindingKey, FindingBody]:
    """What each comes to before the desk is asked for room, in portions as the evaluator judges cells."""
    bodies: dict[FindingKey, FindingBody] = {}
    for start in range(0, len(keys), FINDINGS_MAX):
        portion = keys[start : start + FINDINGS_MAX]
        alerts = await session.findings.alerts(portion)
        facts = await _facts(session, book, alerts)
        bodies |= {key: finding_of(key, alerts[key], facts) for key in portion}
    return bodies


def _draw(
    bodies: Mapping[FindingKey, FindingBody], closes: Mapping[tuple[str, Month], datetime]
) -> dict[tuple[str, Month], DeskCut | None]:
    """The cut of every month that is closed now, among all its findings."""
    return {
        (hospital, month): cut_of(
            [(key, body) for key, body in bodies.items() if (key.hospital, key.month) == (hospital, month)],
            POLICY.findings_open_max,
        )
        for hospital, month in closes
    }


def _cut(key: FindingKey, cuts: Mapping[Month, DeskCut | None], closed_through: Mapping[str, Month]) -> DeskCut | None:
    """The cut drawn at the month's close; of an open month that of the newest closed one."""
    return cuts.get(min(key.month, closed_through.get(key.hospital, Month(0))))


async def _facts(session: AlertSession, book: RuleBook, alerts: _Alerts) -> FindingFacts:
    months = {(key.hospital, key.month) for key in alerts}
    for key, versions in alerts.items():
        bases = (each.figures.base_month for each in versions)
        months |= {(key.hospital, base) for base in bases if base is not None}
    usage: dict[tuple[str, str], dict[Cell, UsageSums]] = {}
    items = {(key.hospital, key.item_code) for key in alerts}
    for cell, sums in (await session.usage_of_items(months, items)).items():
        usage.setdefault((cell.scope.hospital, cell.item_code), {})[cell] = sums

    def rule_of(hospital: str, month: Month, name: str) -> RuleRow | None:
        return next((rule.row for rule in book.at(hospital, month) if rule.row.rule == name), None)

    return FindingFacts(usage, rule_of)

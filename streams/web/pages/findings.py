"""A finding on one page: why it is there, its alerts, and its review with the next step."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse

from models.money import fen_text
from models.monitoring.review import ReviewEntry, ReviewRefusal, Step, Voice, Vote
from rules.monitoring.reviewing import after, state_of
from sinks.postgres.monitoring.desk import Desk
from sinks.postgres.monitoring.reviews import ReviewBooks, Said
from streams.visible import visible
from streams.web.gateway.parts import Gateway
from streams.web.pages.drills import opened
from streams.web.pages.frame import board, cell_of
from streams.web.pages.people import Person, SignedIn
from streams.web.pages.shown import locale_of, words
from streams.web.problems import ProblemError

router = APIRouter(include_in_schema=False)

ALERT_COLUMNS: Final = (
    "rule", "scope_type", "scope", "measure", "value", "base_month", "base_value", "change_percent", "rank", "status",
)  # fmt: skip
STEPS: Final = (Step.ASSIGN, Step.OPINION, Step.TALK, Step.WARN, Step.RECEIPT, Step.CLOSE)
"""Steps that need no more than words. A breaker, a re-selection and a measured effect have their commands."""


@router.get("/finding/{finding}")
async def show(request: Request, finding: Annotated[UUID, Path()], parts: Gateway, person: SignedIn) -> HTMLResponse:
    """The finding as it stands."""
    desk = Desk(parts.pool)
    found = await desk.findings(hospital=person.hospital, finding=finding)
    if not found:
        raise ProblemError(404, "not-recorded", "Expected a finding of this hospital, found none of that id.")
    row = found[0]
    about = {"item_code": row["item_code"], "month": row["month"]}
    alerts = [alert | about for alert in (await desk.alerts(found))[finding]]
    entries = await ReviewBooks(parts.pool).entries(finding)
    zone, locale = parts.settings.zone, locale_of(request)
    allowed = person.may("POST", "/decide/review")
    return board(
        request, person, "finding.html", found=row, item_name=visible(row["item_name"] or row["item_code"]),
        departments=[(department, f"{Decimal(fen_text(amount)):,}") for department, amount in row["departments"]],
        alert_columns=ALERT_COLUMNS, state=state_of(entries), voices=tuple(Voice), votes=tuple(Vote),
        alerts=[
            [cell_of(column, alert[column], zone, person, locale, to=opened("alerts", column, alert))
             for column in ALERT_COLUMNS]
            for alert in alerts
        ],
        entries=[
            {"at": each.at.astimezone(zone).strftime("%Y-%m-%d %H:%M"), "by": each.by, "step": each.step,
             "said": _said(each, locale)}
            for each in entries
        ],
        steps=[each for each in STEPS if not isinstance(after(entries, each), ReviewRefusal)] if allowed else [],
        done=request.query_params.get("done"),
    )  # fmt: skip


def _said(entry: ReviewEntry, locale: str) -> str:
    given = entry.owner and f"{entry.owner}, {entry.due_on}"
    values = words(locale)["value"]
    named = [values[each] for each in (entry.voice, entry.vote) if each]
    return visible("; ".join(str(part) for part in (given, *named, entry.text) if part))


async def take_step(parts: Gateway, person: Person, chosen: Sequence[str], reason: str, form: dict[str, str]) -> int:
    """Do a step of a review, as `udi review` does; 1 when it was done."""
    try:
        (finding,), step = [UUID(each) for each in chosen], Step(form.get("step", ""))
        said = Said(
            step, person.name, reason,
            owner=form.get("owner", "").strip()[:64] or None if step is Step.ASSIGN else None,
            due_on=date.fromisoformat(form["due"]) if step is Step.ASSIGN else None,
            voice=Voice(form["voice"]) if step is Step.OPINION else None,
            vote=Vote(form["vote"]) if step is Step.OPINION else None,
        )  # fmt: skip
    except (ValueError, KeyError):
        raise ProblemError(422, "bad-form", "Expected a step with all that it needs, got less.") from None
    if step not in STEPS or (step is Step.ASSIGN and said.owner is None):
        raise ProblemError(422, "bad-form", "Expected a step with all that it needs, got less.")
    books = ReviewBooks(parts.pool)
    key = await books.finding(finding)
    if key is None or key.hospital != person.hospital:
        return 0
    return int(not isinstance(await books.step(finding, said, lambda entries: after(entries, step)), ReviewRefusal))

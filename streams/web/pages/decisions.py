"""What a person decides on a list: the audited commands behind `udi held`, `udi differences` and `udi replay`."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from models.charging.commands import CommandKind, Correction
from models.reconciling.differences import DifferenceStatus, Fix
from models.wire.complaints import complaint
from models.wire.strict_json import read_key
from sinks.postgres.charging.commands import CommandBooks, Place
from sinks.postgres.charging.parked_and_held import readings_of
from sinks.postgres.operating.dead_letters import clusters_of, letters, recorded_letters
from sinks.postgres.reconciling.sessions import ReconcilingBooks
from streams.web.gateway.parts import Gateway
from streams.web.gateway.publisher import Raw
from streams.web.pages.findings import take_step
from streams.web.pages.people import Person, SignedIn, form_of
from streams.web.problems import ProblemError

router = APIRouter(include_in_schema=False)

ROWS_MAX: Final = 200
WAIT_SECONDS_MAX: Final = 5.0
POLL_SECONDS: Final = 0.1
Decide = Callable[[Gateway, Person, Sequence[str], str, dict[str, str]], Awaitable[int]]
"""Gives how many of the named rows it was done for, by a reason and the rest of the form."""


@router.post("/decide/{name}")
async def decide(request: Request, name: str, parts: Gateway, person: SignedIn) -> Response:
    """Decide for the rows that were chosen, with a reason; then back to the list."""
    back, work = DECIDE[name]
    form = await form_of(request)
    chosen = list(dict.fromkeys(filter(None, form.get("row", "").split("\n"))))
    reason = form.get("reason", "").strip()[:500]
    if not chosen or len(chosen) > ROWS_MAX:
        raise ProblemError(422, "bad-form", f"Expected 1 to {ROWS_MAX} rows to be chosen, got {len(chosen)}.")
    if not reason or not reason.isprintable():
        raise ProblemError(422, "bad-form", "Expected a reason of one line, got none.")
    done = await work(parts, person, chosen, reason, form)
    said = urlencode({"done": done, "left": len(chosen) - done})
    return RedirectResponse(f"{back.replace('{row}', quote(chosen[0], safe=''))}?{said}", 303)


def _command(kind: CommandKind) -> Decide:
    async def work(parts: Gateway, person: Person, chosen: Sequence[str], reason: str, form: dict[str, str]) -> int:
        books, body = CommandBooks(parts.pool), await _BODIES[kind](parts, person, _ids(chosen), form)
        places = [await books.accept(kind, person.hospital, each, person.name, reason, body) for each in _ids(chosen)]
        until = time.monotonic() + WAIT_SECONDS_MAX
        return sum([await _done(books, place, until) for place in places if place is not None])

    return work


async def _nothing(*_: Any) -> dict[str, Any]:
    return {}


async def _right(_: Gateway, __: Person, ___: Sequence[UUID], form: dict[str, str]) -> dict[str, Any]:
    """What a correction says is right, checked as `udi correct` checks it."""
    given: dict[str, Any] = {
        name: form[name].strip()
        for name in ("encounter", "item_code", "department", "document")
        if form.get(name, "").strip()
    }
    quantity = form.get("quantity", "").strip()
    if quantity:
        given["quantity"] = int(quantity) if quantity.isascii() and quantity.isdigit() else quantity
    try:
        Correction.model_validate(given)
    except ValidationError as error:
        raise ProblemError(422, "bad-form", complaint(error).expected) from None
    return given


async def _reading(parts: Gateway, person: Person, scans: Sequence[UUID], form: dict[str, str]) -> dict[str, Any]:
    """What the chosen reading of a label says."""
    known = await readings_of(parts.pool, scans[0]) if await parts.scans.find(person.hospital, scans[0]) else []
    chosen = next((each for each in known if str(each.reading) == form.get("reading")), None)
    if chosen is None or len(scans) != 1:
        raise ProblemError(422, "bad-form", "Expected one of the readings of the scan, got another one.")
    named = {name: getattr(chosen, name) for name in ("lot", "serial", "expiry", "production")}
    return {name: str(value) for name, value in named.items() if value is not None}


_BODIES: Final[dict[CommandKind, Callable[..., Awaitable[dict[str, Any]]]]] = {
    CommandKind.RELEASE: _nothing,
    CommandKind.REJECT: _nothing,
    CommandKind.CORRECT: _right,
    CommandKind.IDENTIFY: _reading,
}
"""What a command says beside its reason."""


async def _done(books: CommandBooks, place: Place, until: float) -> bool:
    """Whether its lane has carried it out, as far as it has in time."""
    while True:
        ended = await books.ended(place)
        if ended is not None or time.monotonic() >= until:
            return ended is not None and ended.done
        await asyncio.sleep(POLL_SECONDS)


def _difference(status: DifferenceStatus) -> Decide:
    async def work(parts: Gateway, person: Person, chosen: Sequence[str], reason: str, _: dict[str, str]) -> int:
        async with ReconcilingBooks(parts.pool).session() as session:
            standing = await session.standing_of(_ids(chosen))
            fit = [
                each
                for each in standing
                if each.difference.hospital == person.hospital
                and (status is DifferenceStatus.ACCEPTED or each.difference.fix is not Fix.FREE_SCAN)
            ]
            await session.decide(fit, status, person.name, reason, datetime.now(UTC))
        return len(fit)

    return work


async def _replay(parts: Gateway, person: Person, chosen: Sequence[str], _: str, __: dict[str, str]) -> int:
    records = []
    for origin in chosen:
        found = await letters(parts.pool, None, origin)
        for letter, cluster in zip(found, await clusters_of(parts.pool, found), strict=True):
            named = read_key(letter.key or None)
            if named is not None and named[0] != person.hospital:
                continue
            topic, partition, offset = origin.rsplit("/", 2)
            # The outbox can't tell an empty key or value from none; the scan's own row can.
            place = (topic, int(partition), int(offset))
            kept = await recorded_letters(parts.pool, [place], [letter.body], [cluster])
            key, value = (kept[1].record_key, kept[1].raw) if 1 in kept else (letter.key or None, letter.body or None)
            records.append(Raw(topic, int(partition), key, value))
    await parts.publisher.publish_raw(records)
    return len(records)


def _ids(chosen: Sequence[str]) -> list[UUID]:
    try:
        return [UUID(each) for each in chosen]
    except ValueError:
        raise ProblemError(422, "bad-form", "Expected rows of this list, got something else.") from None


DECIDE: Final[dict[str, tuple[str, Decide]]] = {
    "release": ("/list/held", _command(CommandKind.RELEASE)),
    "reject": ("/list/held", _command(CommandKind.REJECT)),
    "correct": ("/scan/{row}", _command(CommandKind.CORRECT)),
    "identify": ("/scan/{row}", _command(CommandKind.IDENTIFY)),
    "ask": ("/list/differences", _difference(DifferenceStatus.ASKED)),
    "accept": ("/list/differences", _difference(DifferenceStatus.ACCEPTED)),
    "replay": ("/list/dead-letters", _replay),
    "review": ("/finding/{row}", take_step),
}
"""By the name of the decision: the page one comes back to, and what does it."""

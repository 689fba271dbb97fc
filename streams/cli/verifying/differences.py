"""The differences that stand against those that comparing all books and lines anew comes to.

The rules that compare are the reconciler's; what is checked is that it compared everything that changed, whatever the
order in which it came.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from models.reconciling.differences import Difference, DifferenceKind, difference_id
from rules.reconciling import across, reconcile
from rules.reconciling.using import sides_of
from sinks.postgres.charging.books import read_catalogue
from sinks.postgres.named import Connection
from sinks.postgres.reconciling.listing import all_standing, compared_encounters
from sinks.postgres.reconciling.sessions import Encounter, ReconcilingSession, has_work
from sinks.postgres.verifying.books import ROWS_SHOWN, Check, Finding

COMPARED: Final = Check(
    "differences-compared-anew",
    "the differences that stand are those of comparing all uses with all lines of the HIS anew",
)
ENCOUNTERS_AT_ONCE: Final = 500
RETRY_SECONDS: Final = 0.25


async def verify_differences(
    pool: asyncpg.Pool, zone: ZoneInfo, wait_seconds: float, told: Callable[[Finding], None] = lambda _: None
) -> list[Finding]:
    """One finding, of one snapshot. A reconciler that is behind is waited for; then what waits is said instead."""
    before = time.monotonic()
    while True:
        async with (
            pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            if not await has_work(connection):
                finding = await _compare(connection, zone, before)
                break
        if time.monotonic() - before > wait_seconds:
            note = "not compared: the reconciler is behind"
            finding = COMPARED.found(0, seconds=time.monotonic() - before, note=note)
            break
        await asyncio.sleep(RETRY_SECONDS)
    told(finding)
    return [finding]


async def _compare(connection: Connection, zone: ZoneInfo, before: float) -> Finding:
    session = ReconcilingSession(connection, await read_catalogue(connection))
    rows = await compared_encounters(connection)
    found: list[Difference] = []
    for encounters in _parts(rows):
        gathered, known = await session.gathered(encounters), await session.known(encounters)
        for each in encounters:
            side = sides_of(gathered[each], zone)
            found += reconcile(*each, side.uses, side.lines, side.gone, known=each in known)
    expected = _with_patients(found)
    standing = {each.difference_id: each for each in await all_standing(connection)}
    wrong = [
        _row(expected.get(id_), standing.get(id_))
        for id_ in sorted(expected.keys() | standing.keys())
        if expected.get(id_) != standing.get(id_)
    ]
    note = f"{len(rows):,} encounters"
    return COMPARED.found(len(wrong), wrong[:ROWS_SHOWN], time.monotonic() - before, note)


def _parts(rows: Sequence[Encounter]) -> Iterator[list[Encounter]]:
    each = iter(rows)
    while part := list(islice(each, ENCOUNTERS_AT_ONCE)):
        yield part


def _with_patients(found: Iterable[Difference]) -> dict[UUID, Difference]:
    """With those on the wrong patient in the place of their halves."""
    expected = {each.difference_id: each for each in found}
    by_item: dict[tuple[str, str], tuple[list[Difference], list[Difference]]] = defaultdict(lambda: ([], []))
    for each in expected.values():
        if each.kind is not DifferenceKind.WRONG and each.item_code is not None:
            by_item[each.hospital, each.item_code][each.kind is DifferenceKind.EXTRA].append(each)
    for missed, extra in by_item.values():
        for pair in across(missed, extra):
            del expected[difference_id(pair.hospital, pair.scan_id, None)]
            del expected[difference_id(pair.hospital, None, pair.line_id)]
            expected[pair.difference_id] = pair
    return expected


def _row(expected: Difference | None, standing: Difference | None) -> dict[str, Any]:
    one = standing or expected
    assert one is not None  # noqa: S101 -- an id of one of both
    what = "is not there" if standing is None else "should not be there" if expected is None else "is another"
    return {"difference_id": one.difference_id, "encounter": one.encounter, "kind": one.kind.value, "what": what}

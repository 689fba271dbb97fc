"""Which line of the HIS is for which use: one to one, the strongest evidence first, whatever the order they come in.

| strength | a use and a line agree in |
|---|---|
| 1 | the billing record: the line was posted from this use's charge, or from an earlier one of it |
| 2 | item and serial (a serial alone is no evidence: two makers may share one) |
| 3 | item, lot, units and amount |
| 4 | item, units and amount |
| 5 | item and units; the price differs |
| 6 | item; the units differ |
| 7 | insurance code and units; the item differs |
| 8 | service time to the second and units; the item differs |
| 9 | amount and units, within `CODE_WINDOW`; the item differs |

Within a strength the nearest in time are matched first, then by their ids. A line that was posted from a billing record
of another encounter matches nothing here.

References:
    docs/reconciliation.md, "How lines are matched".
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from models.reconciliation import Line, Use

CODE_WINDOW: Final = timedelta(hours=24)
"""How far apart a use and a line of another item may be to be one error. No source: ours; a day's work of a ward."""
_PAIRS_MAX: Final = 10_000
"""Of more candidates of one kind the two sides are matched in order of time: the same when both are as many."""


class Match(NamedTuple):
    """A use and the line for it."""

    use: Use
    line: Line
    strength: int


class Matched(NamedTuple):
    """What has found its other side and what has not, each in a stable order."""

    matches: list[Match]
    uses: list[Use]
    lines: list[Line]


_Key = Callable[[Use | Line], Hashable | None]


def match(uses: Sequence[Use], lines: Sequence[Line], gone: Sequence[Use] = ()) -> Matched:
    """Match the uses and lines of one encounter. `gone`: uses taken back, whose lines are not another encounter's."""
    uses_left = sorted(uses, key=lambda use: (use.scanned_at, use.scan_id))
    lines_left = sorted(lines, key=lambda line: (line.service_at, line.line_id))
    matches = _by_billing_record(uses_left, lines_left)
    own = {id_ for use in (*uses, *gone) for id_ in _billing_ids(use)}
    foreign = [line for line in lines_left if line.billing_id is not None and line.billing_id not in own]
    uses_left, lines_left = _rest(matches, uses_left, [line for line in lines_left if line not in foreign])
    for strength, key in enumerate(_KEYS, 2):
        if not uses_left or not lines_left:
            break
        found = _by_key(uses_left, lines_left, key, strength)
        if found:
            matches += found
            uses_left, lines_left = _rest(found, uses_left, lines_left)
    return Matched(
        matches, uses_left, sorted([*lines_left, *foreign], key=lambda line: (line.service_at, line.line_id))
    )


def _billing_ids(use: Use) -> tuple[UUID, ...]:
    newest = () if use.billing_id is None else (use.billing_id,)
    return (*newest, *use.earlier_billing_ids)


def _by_billing_record(uses: Sequence[Use], lines: Sequence[Line]) -> list[Match]:
    use_of = {id_: use for use in uses for id_ in _billing_ids(use)}
    posted: dict[UUID, list[Line]] = {}
    for line in lines:
        use = use_of.get(line.billing_id) if line.billing_id is not None else None
        if use is not None:
            posted.setdefault(use.scan_id, []).append(line)
    matches = []
    for use in uses:
        if use.scan_id in posted:
            line = min(posted[use.scan_id], key=lambda each: (_unlike(use, each), *_distance(use, each)))
            matches.append(Match(use, line, 1))
    return matches


def _unlike(use: Use, line: Line) -> tuple[bool, bool]:
    """Of two lines posted from one charge the one that is as it should be is the right one."""
    return line.billing_id != use.billing_id, (line.item_code, line.quantity, line.amount_fen) != _due(use)


def _due(use: Use) -> tuple[str | None, int | None, int | None]:
    return use.item_code, use.quantity, use.amount_fen


def _distance(use: Use, line: Line) -> tuple[timedelta, UUID, str]:
    return abs(use.scanned_at - line.service_at), use.scan_id, line.line_id


def _by_key(uses: Sequence[Use], lines: Sequence[Line], key: _Key, strength: int) -> list[Match]:
    sides: dict[Hashable, tuple[list[Use], list[Line]]] = {}
    for use in uses:
        of = key(use)
        if of is not None:
            sides.setdefault(of, ([], []))[0].append(use)
    for line in lines:
        of = key(line)
        if of is not None and of in sides:
            sides[of][1].append(line)
    window = CODE_WINDOW if strength == _BY_AMOUNT else None
    return [Match(*pair, strength) for both in sides.values() if both[1] for pair in _nearest(*both, window)]


def _nearest(uses: list[Use], lines: list[Line], window: timedelta | None) -> Iterable[tuple[Use, Line]]:
    """Pairs of candidates that are equally good but for time. Both come in order of time."""
    if len(uses) == len(lines) == 1 or (
        window is None and (len(uses) == len(lines) or len(uses) * len(lines) > _PAIRS_MAX)
    ):
        pairs = list(zip(uses, lines, strict=False))
    else:
        pairs, taken = [], set()
        ranked = sorted(((use, line) for use in uses for line in lines), key=lambda pair: _distance(*pair))
        for use, line in ranked:
            if use.scan_id not in taken and line.line_id not in taken:
                taken |= {use.scan_id, line.line_id}
                pairs.append((use, line))
    return (pair for pair in pairs if window is None or _distance(*pair)[0] <= window)


def _rest(matches: Iterable[Match], uses: list[Use], lines: list[Line]) -> tuple[list[Use], list[Line]]:
    used, posted = {each.use.scan_id for each in matches}, {each.line.line_id for each in matches}
    return [use for use in uses if use.scan_id not in used], [line for line in lines if line.line_id not in posted]


def _at(of: Use | Line) -> datetime:
    return (of.scanned_at if isinstance(of, Use) else of.service_at).replace(microsecond=0)


def _given(*parts: Hashable | None) -> Hashable | None:
    """The parts as a key, when none is missing."""
    return None if None in parts else parts


_KEYS: Final[tuple[_Key, ...]] = (
    lambda of: _given(of.item_code, of.serial),
    lambda of: _given(of.item_code, of.lot, of.quantity, of.amount_fen),
    lambda of: _given(of.item_code, of.quantity, of.amount_fen),
    lambda of: _given(of.item_code, of.quantity),
    lambda of: _given(of.item_code),
    lambda of: _given(of.insurance_code, of.quantity),
    lambda of: _given(_at(of), of.quantity),
    lambda of: _given(of.amount_fen, of.quantity),
)
_BY_AMOUNT: Final = 9

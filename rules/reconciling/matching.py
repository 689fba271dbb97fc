"""Which line of the HIS is for which use: one to one, at each strength of evidence before any weaker one.

A line that names a charge (`billing_id`) is for that charge and for no other. At each strength what was charged comes
before what is open: of that the HIS is not expected to have a line yet.

References:
    docs/reconciliation.md, "Which line is for which use".
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from models.reconciling.differences import LikelyCause, Line, Use, UseStatus
from rules.reconciling.nearest import nearest_pairs
from rules.reconciling.strengths import OTHER_ITEM, SAME_ITEM, TAKEN_BACK, Strength


@dataclass(slots=True)
class Matched:
    """What came of one encounter."""

    pairs: list[tuple[Use, Line]] = field(default_factory=list)
    """Each use with its line."""
    alone: list[Use] = field(default_factory=list)
    """Charged or open, without a line."""
    left: list[tuple[Line, LikelyCause | None]] = field(default_factory=list)
    """Lines without a use, each with why, as far as its own encounter tells."""


def match(uses: Sequence[Use], lines: Sequence[Line], gone: Sequence[Use]) -> Matched:
    """Pair the uses and lines of one encounter.

    Args:
        uses: In the order of time and id; free ones take no line.
        lines: In the order of time and id.
        gone: Uses taken back, in the order of time and id.
    """
    matched = Matched()
    charged = [use for use in uses if use.status is UseStatus.CHARGED]
    open_ = [use for use in uses if use.status is UseStatus.OPEN]
    nameless = [line for line in lines if line.billing_id is None]
    if len(nameless) < len(lines):
        charged, open_ = _named(charged, open_, lines, gone, matched)
    for strength in SAME_ITEM:
        charged, nameless = _paired(strength, charged, nameless, matched.pairs)
        open_, nameless = _paired(strength, open_, nameless, matched.pairs)
        if not nameless:
            break
    nameless = _explained(nameless, gone, uses, matched)
    for strength in OTHER_ITEM:
        charged, nameless = _paired(strength, charged, nameless, matched.pairs)
    matched.alone += charged + open_
    matched.left += [(line, None) for line in nameless]
    return matched


def _named(
    charged: list[Use], open_: list[Use], lines: Sequence[Line], gone: Sequence[Use], matched: Matched
) -> tuple[list[Use], list[Use]]:
    """Strength 1. Gives the uses, charged and open, whose charge no line names."""
    holders = {id_: use for use in (*open_, *charged) for id_ in _charge_ids(use)}
    back = {id_ for use in gone for id_ in _charge_ids(use)}
    naming: dict[UUID, list[Line]] = defaultdict(list)
    for line in lines:
        if line.billing_id is None:
            continue
        use = holders.get(line.billing_id)
        if use is not None:
            naming[use.scan_id].append(line)
        else:
            matched.left.append((line, LikelyCause.RETURNED if line.billing_id in back else None))
    for use in (*charged, *open_):
        if use.scan_id in naming:
            best, *others = sorted(naming[use.scan_id], key=lambda line: _misfit(use, line))
            matched.pairs.append((use, best))
            matched.left += [(line, LikelyCause.CHARGED_TWICE) for line in others]
    return (
        [use for use in charged if use.scan_id not in naming],
        [use for use in open_ if use.scan_id not in naming],
    )


def _charge_ids(use: Use) -> tuple[UUID, ...]:
    own = () if use.billing_id is None else (use.billing_id,)
    return own + use.earlier_billing_ids


def _misfit(use: Use, line: Line) -> tuple[object, ...]:
    """Of lines that name one charge: the one with the fewest differences is for it, then the nearest."""
    wrong = (
        (line.item_code != use.item_code)
        + (line.quantity != use.quantity)
        + (line.amount_fen != use.amount_fen)
        + (line.insurance_code != use.insurance_code)
    )
    return line.billing_id != use.billing_id, wrong, abs(line.service_at - use.scanned_at), line.line_id


def _paired(
    strength: Strength, uses: list[Use], lines: list[Line], pairs: list[tuple[Use, Line]]
) -> tuple[list[Use], list[Line]]:
    """Pair who is alike at this strength; gives who is left."""
    if not uses or not lines:
        return uses, lines
    by_key: dict[Hashable, tuple[list[int], list[int]]] = {}
    for place, use in enumerate(uses):
        key = strength.of_use(use)
        if key is not None:
            by_key.setdefault(key, ([], []))[0].append(place)
    for place, line in enumerate(lines):
        key = strength.of_line(line)
        if key in by_key:
            by_key[key][1].append(place)
    taken_uses, taken_lines = set(), set()
    for use_places, line_places in by_key.values():
        if not line_places:
            continue
        alike = [uses[place] for place in use_places], [lines[place] for place in line_places]
        for use_place, line_place in nearest_pairs(*alike, strength.window):
            pairs.append((alike[0][use_place], alike[1][line_place]))
            taken_uses.add(use_places[use_place])
            taken_lines.add(line_places[line_place])
    if not taken_uses:
        return uses, lines
    return (
        [use for place, use in enumerate(uses) if place not in taken_uses],
        [line for place, line in enumerate(lines) if place not in taken_lines],
    )


def _explained(lines: list[Line], gone: Sequence[Use], uses: Sequence[Use], matched: Matched) -> list[Line]:
    """Set aside the lines of what was taken back (one to one) or is free; gives those nothing explains."""
    if not lines:
        return lines
    returned: list[tuple[Use, Line]] = []
    taken_back, named = list(gone), {line.billing_id for line, cause in matched.left if cause is LikelyCause.RETURNED}
    taken_back = [use for use in taken_back if named.isdisjoint(_charge_ids(use))]
    for strength in TAKEN_BACK:
        taken_back, lines = _paired(strength, taken_back, lines, returned)
    matched.left += [(line, LikelyCause.RETURNED) for _, line in returned]
    free = {use.item_code for use in uses if use.status is UseStatus.FREE}
    matched.left += [(line, LikelyCause.NOT_CHARGEABLE) for line in lines if line.item_code in free]
    return [line for line in lines if line.item_code not in free]

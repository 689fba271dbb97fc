"""What is missed in one encounter and extra in another: one charge on the wrong patient.

References:
    docs/reconciliation.md, "On the wrong patient".
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from uuid import UUID

from models.reconciling.differences import Aspect, Difference, DifferenceKind, Fix, LikelyCause

PATIENT_WINDOW = timedelta(hours=1)
"""How far the service time of a line may lie from the use it is for, when the line does not name the charge. No source:
ours. A wide window accuses: within a day a hospital misses some charges of a common item and has others too many."""

_LIKELY = frozenset({LikelyCause.NOT_SCANNED, LikelyCause.CHARGED_TWICE, LikelyCause.UNKNOWN_ENCOUNTER})
"""A line of something returned or free has its own explanation."""
Edge = tuple[timedelta, int, int]
"""How far apart, and the places of what is missed and of what is extra."""


def across(missed: Sequence[Difference], extra: Sequence[Difference]) -> list[Difference]:
    """The pairs that are one charge on the wrong patient, by time and id; the same in any order of both.

    The money of a pair is what the line has less what the use should have: mostly 0, for the right amount stands on
    the wrong bill. Two patients are owed a correction all the same.

    Args:
        missed: Of one hospital and item: what is missed in its encounters.
        extra: What is extra in them.
    """
    # Of what is not charged yet no line is expected, so none can be on the wrong patient.
    uses = _in_order(each for each in missed if each.cause is LikelyCause.NOT_POSTED)
    lines = _in_order(extra)
    pairs = _named(uses, lines)
    paired = {use for use, _ in pairs}
    uses_left = [use for place, use in enumerate(uses) if place not in paired]
    nameless = [line for line in lines if line.billing_id is None and line.cause in _LIKELY]
    found = [_pair(uses[use], lines[line]) for use, line in pairs]
    found += [_pair(uses_left[use], nameless[line]) for use, line in _near(uses_left, nameless)]
    return _in_order(found)


def _in_order(differences: Iterable[Difference]) -> list[Difference]:
    return sorted(differences, key=lambda each: (each.at, each.difference_id))


def _named(uses: Sequence[Difference], lines: Sequence[Difference]) -> list[tuple[int, int]]:
    """The lines that name the charge; of several the nearest in time."""
    places: dict[UUID, int] = {use.billing_id: place for place, use in enumerate(uses) if use.billing_id is not None}
    edges = []
    for place, line in enumerate(lines):
        use = None if line.billing_id is None else places.get(line.billing_id)
        if use is not None and uses[use].encounter != line.encounter:
            edges.append((abs(uses[use].at - line.at), use, place))
    best: dict[int, int] = {}
    for _, use, line_place in sorted(edges):
        best.setdefault(use, line_place)
    return sorted(best.items())


def _near(uses: Sequence[Difference], lines: Sequence[Difference]) -> list[tuple[int, int]]:
    """Pairs of equal quantity and money, the nearest first; what might be of two patients is left alone."""
    pairs: list[tuple[int, int]] = []
    done: tuple[set[int], set[int]] = set(), set()
    for _, edges in groupby(sorted(_edges(uses, lines)), key=lambda edge: edge[0]):
        free = [(use, line) for _, use, line in edges if use not in done[0] and line not in done[1]]
        for together in _together(free):
            patients = {uses[use].encounter for use, _ in together}
            others = {lines[line].encounter for _, line in together}
            one = len(patients) == 1 == len(others)
            for use, line in together:
                if one and use not in done[0] and line not in done[1]:
                    pairs.append((use, line))
                    done[0].add(use)
                    done[1].add(line)
            if not one:
                done[0].update(use for use, _ in together)
                done[1].update(line for _, line in together)
    return pairs


def _edges(uses: Sequence[Difference], lines: Sequence[Difference]) -> list[Edge]:
    alike: dict[Hashable, list[int]] = defaultdict(list)
    for place, use in enumerate(uses):
        alike[use.item_code, use.quantity, use.expected_fen].append(place)
    found = []
    for place, line in enumerate(lines):
        places = alike.get((line.item_code, line.quantity, line.found_fen), [])
        first = bisect_left(places, line.at - PATIENT_WINDOW, key=lambda use: uses[use].at)
        for use_place in places[first:]:
            if uses[use_place].at > line.at + PATIENT_WINDOW:
                break
            if _may_be(uses[use_place], line):
                found.append((abs(uses[use_place].at - line.at), use_place, place))
    return found


def _may_be(use: Difference, line: Difference) -> bool:
    """Another patient of the same department, as far as both name one."""
    somewhere = use.department is None or line.department is None or use.department == line.department
    return somewhere and use.encounter != line.encounter and use.item_code is not None


def _together(edges: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """The edges that hang together by a use or a line, each group in order."""
    at_use: dict[int, list[tuple[int, int]]] = defaultdict(list)
    at_line: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for edge in edges:
        at_use[edge[0]].append(edge)
        at_line[edge[1]].append(edge)
    groups: list[list[tuple[int, int]]] = []
    seen: set[tuple[int, int]] = set()
    for edge in edges:
        group, next_ones = [], [edge]
        while next_ones:
            one = next_ones.pop()
            if one not in seen:
                seen.add(one)
                group.append(one)
                # A list that was walked is emptied: nobody need look at it again.
                next_ones += at_use.pop(one[0], []) + at_line.pop(one[1], [])
        if group:
            groups.append(sorted(group))
    return groups


def _pair(use: Difference, line: Difference) -> Difference:
    aspects = [Aspect.PATIENT]
    if use.quantity is not None and use.quantity != line.quantity:
        aspects.insert(0, Aspect.QUANTITY)
    elif use.expected_fen != line.found_fen:
        aspects.insert(0, Aspect.PRICE)
    return replace(
        use,
        kind=DifferenceKind.WRONG,
        aspects=tuple(aspects),
        cause=LikelyCause.OTHER_PATIENT,
        fix=Fix.REPLACE,
        line_id=line.line_id,
        found_fen=line.found_fen,
        department=use.department or line.department,
    )

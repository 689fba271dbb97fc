"""Pairs of uses and lines that are alike: the nearest in time first."""

from collections.abc import Sequence
from datetime import timedelta
from heapq import heapify, heappop, heappush

from models.reconciling.differences import Line, Use


def nearest_pairs(uses: Sequence[Use], lines: Sequence[Line], window: timedelta | None = None) -> list[tuple[int, int]]:
    """Pairs of places in the two lists, one to one: again and again the two that are nearest in time.

    n log n: of uses and lines in the order of time, the nearest two stand side by side, and when they are taken out
    those around them become neighbours.

    Args:
        uses: By time of use; that order decides among the equally near.
        lines: By service time.
        window: How far apart a pair may be; `None`: any.
    """
    if len(uses) == 1 == len(lines):
        near = window is None or abs(lines[0].service_at - uses[0].scanned_at) <= window
        return [(0, 0)] if near else []
    row = [(use.scanned_at, 0, place) for place, use in enumerate(uses)]
    row += [(line.service_at, 1, place) for place, line in enumerate(lines)]
    row.sort()
    before, after = list(range(-1, len(row) - 1)), list(range(1, len(row) + 1))
    taken = [False] * len(row)
    heap = [(row[i + 1][0] - row[i][0], i, i + 1) for i in range(len(row) - 1) if row[i][1] != row[i + 1][1]]
    heapify(heap)
    pairs = []
    while heap:
        distance, left, right = heappop(heap)
        if window is not None and distance > window:
            break
        if taken[left] or taken[right]:
            continue
        taken[left] = taken[right] = True
        use, line = (left, right) if row[left][1] == 0 else (right, left)
        pairs.append((row[use][2], row[line][2]))
        outer_left, outer_right = before[left], after[right]
        if outer_left >= 0:
            after[outer_left] = outer_right
        if outer_right < len(row):
            before[outer_right] = outer_left
            if outer_left >= 0 and row[outer_left][1] != row[outer_right][1]:
                heappush(heap, (row[outer_right][0] - row[outer_left][0], outer_left, outer_right))
    return pairs

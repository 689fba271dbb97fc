"""The proof that a recall was followed to its end: numbers, and a hash over what every line came to.

References:
    docs/store.md, "Recall". FDA, 21 CFR 7.42(b)(3): effectiveness check level A is 100 % of consignees.
"""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

import orjson

from models.stock.exposure import ClosureProof, RecallLineStatus, StandingLine
from models.stock.recall import Recall

LEVEL: Final = "A"
"""All lines are checked, not a sample. Source: see above; the strictest, and the default here."""
_NEAR: Final = frozenset({"certain", "possible", "shelf"})


def counts_of(lines: Sequence[StandingLine]) -> dict[str, dict[str, int]]:
    """Lines, units and open lines of each kind that has any."""
    found: dict[str, Counter[str]] = {}
    for line in lines:
        of_kind = found.setdefault(line.kind, Counter(lines=0, units=0, open=0))
        of_kind.update(lines=1, units=line.quantity, open=int(line.status is RecallLineStatus.OPEN))
    return {kind: dict(counts) for kind, counts in sorted(found.items())}


def group_of(kind: str) -> str:
    """Under which heading a line stands: its kind, or `elsewhere`."""
    return kind if kind in _NEAR else "elsewhere"


def closure_proof(notice: Recall, lines: Sequence[StandingLine]) -> ClosureProof | None:
    """The proof of closure; `None` while a line is open."""
    if any(line.status is RecallLineStatus.OPEN for line in lines):
        return None
    ordered = sorted(lines, key=lambda line: line.line_id)
    instants = [line.closed_at for line in ordered if line.closed_at is not None]
    statuses = Counter(line.status for line in ordered)
    return ClosureProof(
        notice.recall, notice.version, LEVEL, len(ordered),
        sum(line.quantity for line in ordered if line.status is not RecallLineStatus.GONE),
        statuses[RecallLineStatus.CLOSED], statuses[RecallLineStatus.GONE], statuses[RecallLineStatus.ENDED],
        max(instants, default=None),
        sha256(orjson.dumps([_content(line) for line in ordered], default=str)).hexdigest(),
    )  # fmt: skip


def _content(line: StandingLine) -> list[Any]:
    """What the hash is over; docs/store.md, "Proof of closure", says it for whoever recomputes it."""
    return [
        line.line_id, line.kind, line.quantity, line.chance, line.status, line.closed_by, line.closing_reason,
        line.closed_at,
    ]  # fmt: skip

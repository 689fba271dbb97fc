"""What differs in one encounter: uses without a line, lines that are not as they should be, lines without a use.

References:
    docs/reconciliation.md.
"""

from collections.abc import Iterable, Sequence

from models.reconciliation import Aspect, Cause, Difference, DifferenceKind, Fix, Line, Use, UseStatus
from rules.reconciling.matching import Match, match


def reconcile(
    hospital: str,
    encounter: str,
    uses: Sequence[Use],
    lines: Sequence[Line],
    gone: Sequence[Use] = (),
    *,
    known: bool = True,
) -> list[Difference]:
    """The differences of an encounter, ordered by time and id: whatever the order of uses and lines, the same.

    Args:
        hospital: Whose encounter it is.
        encounter: Its id.
        uses: What was used and has something left.
        lines: The lines of the HIS that count.
        gone: Uses that were taken back whole.
        known: False when the books have no record of the encounter.
    """
    charged = [use for use in uses if use.status is not UseStatus.FREE]
    matched = match(charged, lines, [*gone, *(use for use in uses if use.status is UseStatus.FREE)])
    found = [difference for each in matched.matches if (difference := _wrong(hospital, encounter, each)) is not None]
    found += [_missed(hospital, encounter, use) for use in matched.uses]
    causes = _Causes(uses, gone, matched.matches, known=known)
    found += [_extra(hospital, encounter, line, causes.of(line)) for line in matched.lines]
    return sorted(found, key=lambda each: (each.at, each.difference_id))


def _wrong(hospital: str, encounter: str, each: Match) -> Difference | None:
    use, line = each.use, each.line
    aspects = _aspects(use, line) if use.status is UseStatus.CHARGED else ()
    if not aspects:
        return None
    return Difference(
        hospital=hospital,
        encounter=encounter,
        kind=DifferenceKind.WRONG,
        aspects=aspects,
        cause=_cause(aspects[0], use, line),
        fix=Fix.REPLACE,
        at=use.scanned_at,
        item_code=use.item_code,
        scan_id=use.scan_id,
        line_id=line.line_id,
        billing_id=use.billing_id,
        expected_fen=use.amount_fen or 0,
        found_fen=line.amount_fen,
        department=use.department,
        quantity=use.quantity,
    )


def _aspects(use: Use, line: Line) -> tuple[Aspect, ...]:
    """In what they differ. Equal units at an equal price are equal, though a fen was rounded elsewhere."""
    found = []
    other_insurance = (
        None not in (use.insurance_code, line.insurance_code) and use.insurance_code != line.insurance_code
    )
    if use.item_code != line.item_code or other_insurance:
        found.append(Aspect.CODE)
    if use.unit_price != line.unit_price:
        found.append(Aspect.PRICE)
    if use.quantity != line.quantity:
        found.append(Aspect.QUANTITY)
    return tuple(found)


def _cause(aspect: Aspect, use: Use, line: Line) -> Cause:
    if aspect is Aspect.CODE:
        return Cause.OTHER_ITEM if use.item_code != line.item_code else Cause.OTHER_INSURANCE_CODE
    if aspect is Aspect.PRICE:
        return Cause.OTHER_PRICE
    return Cause.MORE_THAN_USED if line.quantity > (use.quantity or 0) else Cause.LESS_THAN_USED


def _missed(hospital: str, encounter: str, use: Use) -> Difference:
    charged = use.status is UseStatus.CHARGED
    return Difference(
        hospital=hospital,
        encounter=encounter,
        kind=DifferenceKind.MISSED,
        aspects=(),
        cause=Cause.NOT_POSTED if charged else Cause.NOT_CHARGED_YET,
        fix=Fix.POST if charged else Fix.FREE_SCAN,
        at=use.scanned_at,
        item_code=use.item_code,
        scan_id=use.scan_id,
        line_id=None,
        billing_id=use.billing_id,
        expected_fen=use.amount_fen or 0,
        found_fen=0,
        department=use.department,
        quantity=use.quantity,
    )


def _extra(hospital: str, encounter: str, line: Line, cause: Cause) -> Difference:
    return Difference(
        hospital=hospital,
        encounter=encounter,
        kind=DifferenceKind.EXTRA,
        aspects=(),
        cause=cause,
        fix=Fix.CANCEL,
        at=line.service_at,
        item_code=line.item_code,
        scan_id=None,
        line_id=line.line_id,
        billing_id=line.billing_id,
        expected_fen=0,
        found_fen=line.amount_fen,
        department=line.department,
        quantity=line.quantity,
    )


class _Causes:
    """Why a line may have no use."""

    def __init__(self, uses: Iterable[Use], gone: Iterable[Use], matches: Iterable[Match], *, known: bool) -> None:
        self._known = known
        self._charged = {_alike(each.line) for each in matches}
        self._posted = {each.line.billing_id for each in matches if each.line.billing_id is not None}
        self._free = {use.item_code for use in uses if use.status is UseStatus.FREE}
        self._gone = {use.item_code for use in gone}

    def of(self, line: Line) -> Cause:
        """The first that fits, the most certain first."""
        if not self._known:
            return Cause.UNKNOWN_ENCOUNTER
        if _alike(line) in self._charged or line.billing_id in self._posted:
            return Cause.CHARGED_TWICE
        if line.item_code in self._gone:
            return Cause.RETURNED
        if line.item_code in self._free:
            return Cause.NOT_CHARGEABLE
        return Cause.NOT_SCANNED


def _alike(line: Line) -> tuple[str, int, int]:
    return line.item_code, line.quantity, line.amount_fen

"""In what an encounter's uses and the HIS's lines differ, with money, likely cause and the step that mends it.

References:
    docs/reconciliation.md, "What a difference says".
"""

from collections.abc import Sequence

from models.money import line_amount_fen
from models.reconciling.differences import Aspect, Difference, DifferenceKind, Fix, LikelyCause, Line, Use, UseStatus
from rules.reconciling.matching import match


def reconcile(
    hospital: str,
    encounter: str,
    uses: Sequence[Use],
    lines: Sequence[Line],
    gone: Sequence[Use] = (),
    *,
    known: bool = True,
) -> list[Difference]:
    """The differences of one encounter, by time and id; the same for the same uses and lines in any order.

    Args:
        hospital: Whose encounter it is.
        encounter: Its number.
        uses: Its uses, net of returns.
        lines: The HIS's lines that count for it.
        gone: Uses that were taken back, of which nothing is left.
        known: The books have a record of the encounter.
    """
    matched = match(_in_order(uses), sorted(lines, key=_line_order), _in_order(gone))
    found = [_missed(hospital, encounter, use) for use in matched.alone]
    for use, line in matched.pairs:
        aspects = _aspects(use, line)
        if aspects:
            found.append(_wrong(hospital, encounter, use, line, aspects))
    if matched.left:
        charged = {_same(line) for _, line in matched.pairs}
        for line, cause in matched.left:
            found.append(_extra(hospital, encounter, line, cause or _why_alone(line, charged, known)))
    found.sort(key=lambda each: (each.at, each.difference_id))
    return found


def _in_order(uses: Sequence[Use]) -> list[Use]:
    return sorted(uses, key=lambda use: (use.scanned_at, use.scan_id))


def _line_order(line: Line) -> tuple[object, ...]:
    return line.service_at, line.line_id


def _same(line: Line) -> tuple[str, int, int]:
    """Lines that are equal in these are one charge entered twice."""
    return line.item_code, line.quantity, line.amount_fen


def _why_alone(line: Line, charged: set[tuple[str, int, int]], known: bool) -> LikelyCause:
    if not known:
        return LikelyCause.UNKNOWN_ENCOUNTER
    # A line that names a charge of elsewhere is no second one of here.
    twice = line.billing_id is None and _same(line) in charged
    return LikelyCause.CHARGED_TWICE if twice else LikelyCause.NOT_SCANNED


def _aspects(use: Use, line: Line) -> tuple[Aspect, ...]:
    """In what a line differs from its use; what is not known on one of the sides does not differ."""
    found = []
    if _other_item(use, line) or _other_insurance_code(use, line):
        found.append(Aspect.CODE)
    if _other_price(use, line):
        found.append(Aspect.PRICE)
    if use.quantity is not None and use.quantity != line.quantity:
        found.append(Aspect.QUANTITY)
    return tuple(found)


def _other_item(use: Use, line: Line) -> bool:
    return use.item_code is not None and use.item_code != line.item_code


def _other_insurance_code(use: Use, line: Line) -> bool:
    return None not in {use.insurance_code, line.insurance_code} and use.insurance_code != line.insurance_code


def _other_price(use: Use, line: Line) -> bool:
    """Prices differ when they make other money of the line: a HIS may keep two of the four digits of a price.

    At one price the money of what is left after a credit may be a fen off `quantity × price`. No line could mend that.
    """
    if use.unit_price == line.unit_price or (use.quantity == line.quantity and use.amount_fen == line.amount_fen):
        return False
    if use.unit_price is None:
        return use.amount_fen is not None and use.amount_fen != line.amount_fen
    return line_amount_fen(line.quantity, use.unit_price) != line.amount_fen


def _missed(hospital: str, encounter: str, use: Use) -> Difference:
    charged = use.status is UseStatus.CHARGED
    return Difference(
        hospital,
        encounter,
        DifferenceKind.MISSED,
        (),
        LikelyCause.NOT_POSTED if charged else LikelyCause.NOT_CHARGED_YET,
        Fix.POST if charged else Fix.FREE_SCAN,
        use.scanned_at,
        use.item_code,
        use.scan_id,
        None,
        use.billing_id,
        use.amount_fen or 0,
        0,
        use.department,
        use.quantity,
    )


def _wrong(hospital: str, encounter: str, use: Use, line: Line, aspects: tuple[Aspect, ...]) -> Difference:
    return Difference(
        hospital,
        encounter,
        DifferenceKind.WRONG,
        aspects,
        _cause(use, line, aspects[0]),
        Fix.REPLACE,
        use.scanned_at,
        use.item_code,
        use.scan_id,
        line.line_id,
        use.billing_id,
        line.amount_fen if use.amount_fen is None else use.amount_fen,
        line.amount_fen,
        use.department or line.department,
        use.quantity,
    )


def _cause(use: Use, line: Line, first: Aspect) -> LikelyCause:
    if first is Aspect.CODE:
        return LikelyCause.OTHER_ITEM if _other_item(use, line) else LikelyCause.OTHER_INSURANCE_CODE
    if first is Aspect.PRICE:
        return LikelyCause.OTHER_PRICE
    return LikelyCause.MORE_THAN_USED if line.quantity > (use.quantity or 0) else LikelyCause.LESS_THAN_USED


def _extra(hospital: str, encounter: str, line: Line, cause: LikelyCause) -> Difference:
    return Difference(
        hospital,
        encounter,
        DifferenceKind.EXTRA,
        (),
        cause,
        Fix.CANCEL,
        line.service_at,
        line.item_code,
        None,
        line.line_id,
        line.billing_id,
        0,
        line.amount_fen,
        line.department,
        line.quantity,
    )

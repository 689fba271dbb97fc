"""One charge on the wrong patient: missed in one encounter, extra in another.

References:
    docs/reconciliation.md, "The wrong patient".
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from models.reconciliation import Aspect, Cause, Difference, DifferenceKind, Fix

PATIENT_WINDOW: Final = timedelta(hours=24)
"""How far apart in time a use and a line on another patient may be to be one charge. No source: ours."""


def across(missed: Sequence[Difference], extra: Sequence[Difference]) -> list[Difference]:
    """The pairs that are one charge on the wrong patient, each as one difference of kind `wrong`.

    One to one, and the same whatever the order. A line posted from the use's billing record is surely for it;
    else units and money must be equal and both within `PATIENT_WINDOW`; the nearest in time first, then by their ids.

    Args:
        missed: All that was missed of one hospital and item, over all encounters.
        extra: All that is extra of the same.
    """
    ranked = sorted(
        (not sure, abs(one.at - other.at), one.difference_id, other.difference_id, one, other)
        for one in missed
        for other in extra
        if one.encounter != other.encounter and ((sure := _posted_from(one, other)) or _alike(one, other))
    ) if missed and extra else []  # fmt: skip
    taken, pairs = set(), []
    for *_, one, other in ranked:
        if one.difference_id not in taken and other.difference_id not in taken:
            taken |= {one.difference_id, other.difference_id}
            pairs.append(_pair(one, other))
    return sorted(pairs, key=lambda pair: (pair.at, pair.difference_id))


def _posted_from(missed: Difference, extra: Difference) -> bool:
    return missed.billing_id is not None and missed.billing_id == extra.billing_id


def _alike(missed: Difference, extra: Difference) -> bool:
    return (
        missed.cause is Cause.NOT_POSTED
        and extra.billing_id is None
        and (missed.quantity, missed.expected_fen) == (extra.quantity, extra.found_fen)
        and abs(missed.at - extra.at) <= PATIENT_WINDOW
    )


def _pair(missed: Difference, extra: Difference) -> Difference:
    aspects = [Aspect.QUANTITY] if missed.quantity != extra.quantity else []
    return Difference(
        hospital=missed.hospital,
        encounter=missed.encounter,
        kind=DifferenceKind.WRONG,
        aspects=(*aspects, Aspect.PATIENT),
        cause=Cause.OTHER_PATIENT,
        fix=Fix.REPLACE,
        at=missed.at,
        item_code=missed.item_code,
        scan_id=missed.scan_id,
        line_id=extra.line_id,
        billing_id=missed.billing_id,
        expected_fen=missed.expected_fen,
        found_fen=extra.found_fen,
        department=missed.department,
        quantity=missed.quantity,
    )

"""Verdicts and reasons: one enum each, and the one table that says what a reason does.

References:
    docs/contract.md, section "Reasons". The order of `REASONS` is the order of precedence.
"""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What became of a scan, as its device is told."""

    BILLED = "billed"
    CREDITED = "credited"
    RECORDED = "recorded"
    WAITING = "waiting"
    PARKED = "parked"
    HELD = "held"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    REFUSED = "refused"


class Reason(StrEnum):
    """Why a verdict is what it is. Names on the wire; never renamed."""

    TOO_LARGE = "too-large"
    NOT_JSON = "not-json"
    BAD_EVENT = "bad-event"
    KEY_MISMATCH = "key-mismatch"
    BAD_SIGNATURE = "bad-signature"
    INTERNAL_ERROR = "internal-error"
    CONFLICT = "conflict"
    DUPLICATE = "duplicate"
    UNREADABLE_CODE = "unreadable-code"
    BAD_CHECK_DIGIT = "bad-check-digit"
    NOT_A_UDI = "not-a-udi"
    HALF_LABEL = "half-label"
    AMBIGUOUS_CODE = "ambiguous-code"
    NO_DEVICE_IDENTIFIER = "no-device-identifier"
    LOT_UNCERTAIN = "lot-uncertain"
    UNKNOWN_IDENTIFIER = "unknown-identifier"
    AMBIGUOUS_IDENTIFIER = "ambiguous-identifier"
    UNKNOWN_ITEM = "unknown-item"
    PACKAGE_UNKNOWN = "package-unknown"
    TOO_MANY_UNITS = "too-many-units"
    ENCOUNTER_MISSING = "encounter-missing"
    ENCOUNTER_UNKNOWN = "encounter-unknown"
    BEFORE_ADMISSION = "before-admission"
    AFTER_SETTLEMENT = "after-settlement"
    AFTER_DISCHARGE = "after-discharge"
    LATE = "late"
    EXPIRED = "expired"
    RECALLED = "recalled"
    SUSPENDED_ITEM = "suspended-item"
    OVER_LIMIT = "over-limit"
    BREAKER_OPEN = "breaker-open"
    QUOTA_EXHAUSTED = "quota-exhausted"
    MIX_EXCEEDED = "mix-exceeded"
    PRICE_CEILING = "price-ceiling"
    NEEDS_APPROVAL = "needs-approval"
    EXCLUDED_GROUP = "excluded-group"
    SERIAL_USED = "serial-used"
    SERIAL_PRESENT = "serial-present"
    SERIAL_ELSEWHERE = "serial-elsewhere"
    SAME_PLACE = "same-place"
    DOCUMENT_MISSING = "document-missing"
    NO_SUCH_GOODS = "no-such-goods"
    OTHER_ITEM = "other-item"
    OTHER_QUANTITY = "other-quantity"
    SERIAL_QUANTITY = "serial-quantity"
    SERIAL_MISSING = "serial-missing"
    LOT_MISSING = "lot-missing"
    LABEL_INCOMPLETE = "label-incomplete"
    NOT_COUNTED = "not-counted"
    NO_PRICE = "no-price"
    PRICE_OVERLAP = "price-overlap"
    NOT_CHARGEABLE = "not-chargeable"
    BUNDLED = "bundled"
    RETURN_WITHOUT_USE = "return-without-use"
    OVER_RETURN = "over-return"
    REJECTED = "rejected"
    CORRECTED = "corrected"
    STOCK_NEGATIVE = "stock-negative"
    PERIOD_CLOSED = "period-closed"
    LICENCE_EXPIRED = "licence-expired"
    INSURANCE_CODE_ENDED = "insurance-code-ended"
    RELEASED = "released"
    OVERRIDDEN = "overridden"
    BREAKER_TRIAL = "breaker-trial"
    RE_RATED = "re-rated"
    COST_TOLD = "cost-told"


class When(StrEnum):
    """When an effect happens under a reason."""

    NOW = "now"
    LATER = "later"
    """Not yet; with the fact that frees the scan."""
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """One row of the reason table."""

    reason: Reason
    """Its name on the wire."""
    verdict: Verdict | None
    """The verdict it decides; `None` for a flag, which is listed and decides nothing."""
    charge: When
    """When the charge is made."""
    stock: When
    """When the goods move."""
    dead_letter: bool
    """The raw bytes go to `udi.dead-letters`."""
    freed_by: tuple[str, ...]
    """What ends the wait: `catalogue`, `encounter`, `partner`, `window`, `person`, `return`, `pattern`,
    `use`, `goods`."""


_NOW, _LATER, _NEVER = When.NOW, When.LATER, When.NEVER
_CATALOGUE, _PERSON = ("catalogue",), ("person",)

REASONS: tuple[ReasonRow, ...] = (
    ReasonRow(Reason.TOO_LARGE, Verdict.REFUSED, _NEVER, _NEVER, True, ()),
    ReasonRow(Reason.NOT_JSON, Verdict.REFUSED, _NEVER, _NEVER, True, ()),
    ReasonRow(Reason.BAD_EVENT, Verdict.REFUSED, _NEVER, _NEVER, True, ()),
    ReasonRow(Reason.KEY_MISMATCH, Verdict.REFUSED, _NEVER, _NEVER, True, ()),
    ReasonRow(Reason.BAD_SIGNATURE, Verdict.REFUSED, _NEVER, _NEVER, True, ()),
    ReasonRow(Reason.INTERNAL_ERROR, Verdict.REFUSED, _NEVER, _NEVER, True, ()),
    ReasonRow(Reason.CONFLICT, Verdict.CONFLICT, _NEVER, _NEVER, True, ()),
    ReasonRow(Reason.DUPLICATE, Verdict.DUPLICATE, _NEVER, _NEVER, False, ()),
    ReasonRow(Reason.UNREADABLE_CODE, Verdict.REFUSED, _NEVER, _NEVER, True, ()),
    ReasonRow(Reason.BAD_CHECK_DIGIT, Verdict.REFUSED, _NEVER, _NEVER, True, ()),
    ReasonRow(Reason.NOT_A_UDI, Verdict.REFUSED, _NEVER, _NEVER, True, ()),
    ReasonRow(Reason.HALF_LABEL, Verdict.WAITING, _LATER, _LATER, False, ("partner", "window", "person")),
    ReasonRow(Reason.AMBIGUOUS_CODE, Verdict.HELD, _NEVER, _NEVER, False, ("pattern", "catalogue", "person")),
    ReasonRow(Reason.NO_DEVICE_IDENTIFIER, Verdict.HELD, _NEVER, _NEVER, False, _PERSON),
    ReasonRow(Reason.LOT_UNCERTAIN, None, _NOW, _NOW, False, ("pattern", "person")),
    ReasonRow(Reason.UNKNOWN_IDENTIFIER, Verdict.PARKED, _LATER, _LATER, False, _CATALOGUE),
    ReasonRow(Reason.AMBIGUOUS_IDENTIFIER, Verdict.PARKED, _LATER, _LATER, False, _CATALOGUE),
    ReasonRow(Reason.UNKNOWN_ITEM, Verdict.PARKED, _LATER, _LATER, False, _CATALOGUE),
    ReasonRow(Reason.PACKAGE_UNKNOWN, Verdict.PARKED, _LATER, _LATER, False, _CATALOGUE),
    ReasonRow(Reason.TOO_MANY_UNITS, Verdict.PARKED, _LATER, _LATER, False, ("catalogue", "person")),
    ReasonRow(Reason.ENCOUNTER_MISSING, Verdict.PARKED, _LATER, _NOW, False, ("encounter", "person")),
    ReasonRow(Reason.ENCOUNTER_UNKNOWN, Verdict.PARKED, _LATER, _NOW, False, ("encounter", "person")),
    ReasonRow(Reason.BEFORE_ADMISSION, Verdict.HELD, _NEVER, _NOW, False, _PERSON),
    ReasonRow(Reason.AFTER_SETTLEMENT, Verdict.HELD, _NEVER, _NOW, False, _PERSON),
    ReasonRow(Reason.AFTER_DISCHARGE, None, _NOW, _NOW, False, ()),
    ReasonRow(Reason.LATE, None, _NOW, _NOW, False, ()),
    ReasonRow(Reason.EXPIRED, Verdict.HELD, _NEVER, _NOW, False, _PERSON),
    ReasonRow(Reason.RECALLED, Verdict.HELD, _NEVER, _NOW, False, _PERSON),
    ReasonRow(Reason.SUSPENDED_ITEM, Verdict.HELD, _NEVER, _NOW, False, _PERSON),
    ReasonRow(Reason.OVER_LIMIT, Verdict.HELD, _NEVER, _NOW, False, _PERSON),
    ReasonRow(Reason.BREAKER_OPEN, Verdict.HELD, _NEVER, _NOW, False, _PERSON),
    ReasonRow(Reason.QUOTA_EXHAUSTED, Verdict.HELD, _NEVER, _NOW, False, _PERSON),
    ReasonRow(Reason.MIX_EXCEEDED, Verdict.HELD, _NEVER, _NOW, False, _PERSON),
    ReasonRow(Reason.PRICE_CEILING, Verdict.HELD, _NEVER, _NOW, False, _PERSON),
    ReasonRow(Reason.NEEDS_APPROVAL, Verdict.HELD, _NEVER, _NOW, False, _PERSON),
    ReasonRow(Reason.EXCLUDED_GROUP, Verdict.HELD, _NEVER, _NOW, False, _PERSON),
    ReasonRow(Reason.SERIAL_USED, Verdict.HELD, _NEVER, _NEVER, False, ("person", "return")),
    ReasonRow(Reason.SERIAL_PRESENT, Verdict.HELD, _NEVER, _NEVER, False, _PERSON),
    ReasonRow(Reason.SERIAL_ELSEWHERE, None, _NOW, _NOW, False, ()),
    ReasonRow(Reason.SAME_PLACE, Verdict.HELD, _NEVER, _NEVER, False, _PERSON),
    ReasonRow(Reason.DOCUMENT_MISSING, Verdict.HELD, _NEVER, _NEVER, False, _PERSON),
    ReasonRow(Reason.NO_SUCH_GOODS, Verdict.HELD, _NEVER, _NEVER, False, ("goods", "person")),
    ReasonRow(Reason.OTHER_ITEM, Verdict.HELD, _NEVER, _NEVER, False, _PERSON),
    ReasonRow(Reason.OTHER_QUANTITY, Verdict.HELD, _NEVER, _NEVER, False, _PERSON),
    ReasonRow(Reason.SERIAL_QUANTITY, Verdict.HELD, _NEVER, _NEVER, False, _PERSON),
    ReasonRow(Reason.SERIAL_MISSING, None, _NOW, _NOW, False, ()),
    ReasonRow(Reason.LOT_MISSING, None, _NOW, _NOW, False, ()),
    ReasonRow(Reason.LABEL_INCOMPLETE, None, _NOW, _NOW, False, ()),
    ReasonRow(Reason.NOT_COUNTED, Verdict.HELD, _NEVER, _NEVER, False, _PERSON),
    ReasonRow(Reason.NO_PRICE, Verdict.PARKED, _LATER, _NOW, False, _CATALOGUE),
    ReasonRow(Reason.PRICE_OVERLAP, Verdict.PARKED, _LATER, _NOW, False, _CATALOGUE),
    ReasonRow(Reason.NOT_CHARGEABLE, Verdict.RECORDED, _NEVER, _NOW, False, ()),
    ReasonRow(Reason.BUNDLED, Verdict.RECORDED, _NEVER, _NOW, False, ()),
    ReasonRow(Reason.RETURN_WITHOUT_USE, Verdict.HELD, _NEVER, _NEVER, False, ("use", "person")),
    ReasonRow(Reason.OVER_RETURN, Verdict.HELD, _NEVER, _NEVER, False, ("use", "person")),
    ReasonRow(Reason.REJECTED, Verdict.RECORDED, _NEVER, _NEVER, False, ()),
    ReasonRow(Reason.CORRECTED, Verdict.RECORDED, _NEVER, _NEVER, False, ()),
    ReasonRow(Reason.STOCK_NEGATIVE, None, _NOW, _NOW, False, ()),
    ReasonRow(Reason.PERIOD_CLOSED, None, _NOW, _NOW, False, ()),
    ReasonRow(Reason.LICENCE_EXPIRED, None, _NOW, _NOW, False, ()),
    ReasonRow(Reason.INSURANCE_CODE_ENDED, None, _NOW, _NOW, False, ()),
    ReasonRow(Reason.RELEASED, None, _NOW, _NOW, False, ()),
    ReasonRow(Reason.OVERRIDDEN, None, _NOW, _NOW, False, ()),
    ReasonRow(Reason.BREAKER_TRIAL, None, _NOW, _NOW, False, ()),
    ReasonRow(Reason.RE_RATED, None, _NOW, _NOW, False, ()),
    ReasonRow(Reason.COST_TOLD, None, _NOW, _NOW, False, ()),
)

TAKEN_BACK = frozenset({Reason.REJECTED, Reason.CORRECTED})
"""A scan with one of these counts for nothing any more: a person has taken it back."""
RELEASABLE = frozenset({
    Reason.BEFORE_ADMISSION, Reason.AFTER_SETTLEMENT, Reason.EXPIRED, Reason.RECALLED, Reason.SUSPENDED_ITEM,
    Reason.OVER_LIMIT, Reason.BREAKER_OPEN, Reason.QUOTA_EXHAUSTED, Reason.MIX_EXCEEDED, Reason.PRICE_CEILING,
    Reason.NEEDS_APPROVAL, Reason.EXCLUDED_GROUP, Reason.SERIAL_USED, Reason.SERIAL_QUANTITY,
})  # fmt: skip
"""What a person may let pass: the use is known and something speaks against charging it by itself."""
REASON_ROW: dict[Reason, ReasonRow] = {row.reason: row for row in REASONS}
MOVES_NOW = frozenset(row.reason for row in REASONS if row.stock is When.NOW)
"""Under any of these the goods move at once."""
MOVES_NEVER = frozenset(row.reason for row in REASONS if row.stock is When.NEVER)
"""Under one of these the goods never move."""
PRECEDENCE: dict[Reason, int] = {row.reason: place for place, row in enumerate(REASONS)}


def deciding(reasons: tuple[Reason, ...]) -> Verdict | None:
    """The verdict of the first reason, by precedence, that decides one; `None` when all are flags."""
    for reason in reasons:
        verdict = REASON_ROW[reason].verdict
        if verdict is not None:
            return verdict
    return None


def deciding_reason(reasons: tuple[Reason, ...]) -> Reason | None:
    """The reason that decides the verdict: the first that is no flag, else the first; `None` of none."""
    return next(
        (reason for reason in reasons if REASON_ROW[reason].verdict is not None), reasons[0] if reasons else None
    )


def in_precedence(reasons: set[Reason]) -> tuple[Reason, ...]:
    """The reasons in order of precedence."""
    if len(reasons) < 2:
        return tuple(reasons)
    return tuple(sorted(reasons, key=PRECEDENCE.__getitem__))

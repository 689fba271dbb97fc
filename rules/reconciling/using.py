"""What a use is worth when it is compared: what was charged for it, or what it would be charged at."""

from zoneinfo import ZoneInfo

from models.calendar import local_day
from models.money import line_amount_fen
from models.reasons import TAKEN_BACK, Reason, Verdict
from models.reconciling.differences import GatheredSides, Sides, Use, UsedScan, UseStatus
from rules.catalogue.joining import insurance_code_on, price_on


def sides_of(gathered: GatheredSides, zone: ZoneInfo) -> Sides:
    """The two sides of an encounter; `zone` is the hospital's, for the day of a price."""
    uses: list[Use] = []
    gone: list[Use] = []
    for scan in gathered.scans:
        use = use_of(scan, zone)
        (uses if _stands(scan, use) else gone).append(use)
    return Sides(uses, gone, gathered.lines)


def use_of(scan: UsedScan, zone: ZoneInfo) -> Use:
    """A use with its money: of a charged one the charge's, of an open one at the price of its day, 0 of a free one.

    Where no price is in force on the day, or several are, nobody can say what an open use is worth.
    """
    quantity = None if scan.units is None else scan.units - scan.returned
    status, price, amount = _worth(scan, quantity, zone)
    return Use(
        scan_id=scan.scan_id,
        encounter=scan.encounter,
        status=status,
        scanned_at=scan.scanned_at,
        department=scan.department,
        item_code=scan.item_code,
        insurance_code=scan.insurance_code or _insurance_code(scan, zone),
        lot=scan.lot,
        serial=scan.serial,
        quantity=quantity,
        unit_price=price,
        amount_fen=amount,
        billing_id=scan.billing_id,
        earlier_billing_ids=scan.earlier_billing_ids,
        reason=next(iter(scan.reasons), None),
    )


def _insurance_code(scan: UsedScan, zone: ZoneInfo) -> str | None:
    """What an open use would be charged under."""
    if scan.item is None:
        return None
    found = insurance_code_on(scan.item, local_day(scan.scanned_at, zone))
    return scan.item.insurance_code if isinstance(found, Reason) else found


def _worth(scan: UsedScan, quantity: int | None, zone: ZoneInfo) -> tuple[UseStatus, int | None, int | None]:
    if scan.verdict is Verdict.BILLED:
        return UseStatus.CHARGED, scan.charged_price, scan.left_fen
    found = price_on(scan.item.prices, local_day(scan.scanned_at, zone)) if scan.item else Reason.UNKNOWN_ITEM
    price = None if isinstance(found, Reason) else found
    if scan.verdict is Verdict.RECORDED:
        return UseStatus.FREE, price, 0
    return UseStatus.OPEN, price, None if price is None or quantity is None else line_amount_fen(quantity, price)


def _stands(scan: UsedScan, use: Use) -> bool:
    """Anything is left of it, and no person has taken it back."""
    return use.quantity != 0 and not TAKEN_BACK.intersection(scan.reasons)

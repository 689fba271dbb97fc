from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from models.calendar import ZONE_DEFAULT
from models.catalogue.item import DatedPrice, Item
from models.reasons import Reason, Verdict
from models.reconciling.differences import GatheredSides, UsedScan, UseStatus
from rules.reconciling.using import sides_of, use_of
from tests.support.builders import item, item_of

AT = datetime(2022, 6, 3, 4, tzinfo=UTC)
DAY = date(2022, 6, 3)


def priced(*prices: tuple[date, date, int]) -> Item:
    dated = tuple(DatedPrice(unit_price, from_on, to_on) for from_on, to_on, unit_price in prices)
    return replace(item_of(item()), prices=dated)


def parked(item: Item | None, units: int | None = 2) -> UsedScan:
    return UsedScan(
        UUID(int=1), "E1", AT, "ORTH", "SCREW", item, None, "L1", None, units, 0, Verdict.PARKED, (Reason.NO_PRICE,),
        None, None, None, (),
    )  # fmt: skip


ONE = (date(2022, 1, 1), date(2023, 1, 1), 12_340_000)


def test_an_open_use_is_worth_its_units_at_the_one_price_of_its_day() -> None:
    use = use_of(parked(priced(ONE)), ZONE_DEFAULT)
    assert (use.status, use.unit_price, use.amount_fen) == (UseStatus.OPEN, 12_340_000, 246_800)


def test_where_two_prices_overlap_nobody_says_what_an_open_use_is_worth() -> None:
    overlapping = priced(ONE, (DAY, date(2022, 7, 1), 13_000_000))
    use = use_of(parked(overlapping), ZONE_DEFAULT)
    assert (use.unit_price, use.amount_fen) == (None, None)
    before = replace(parked(overlapping), scanned_at=datetime(2022, 6, 2, 4, tzinfo=UTC))
    assert use_of(before, ZONE_DEFAULT).unit_price == 12_340_000


def test_the_day_of_a_price_is_the_hospitals() -> None:
    screw = priced((DAY, date(2022, 6, 4), 10_000))
    late = replace(parked(screw), scanned_at=datetime(2022, 6, 2, 16, tzinfo=UTC))
    assert use_of(late, ZONE_DEFAULT).unit_price == 10_000
    assert use_of(replace(late, scanned_at=datetime(2022, 6, 2, 15, 59, tzinfo=UTC)), ZONE_DEFAULT).unit_price is None


def test_a_charged_use_has_the_money_of_its_charge_whatever_the_catalogue_says_now() -> None:
    charged = replace(parked(priced(ONE)), verdict=Verdict.BILLED, reasons=(), charged_price=50_000, left_fen=1_000)
    use = use_of(charged, ZONE_DEFAULT)
    assert (use.status, use.unit_price, use.amount_fen) == (UseStatus.CHARGED, 50_000, 1_000)


def test_what_was_returned_whole_or_taken_back_by_a_person_is_gone() -> None:
    stands = parked(priced(ONE))
    returned = replace(stands, scan_id=UUID(int=2), returned=2)
    rejected = replace(stands, scan_id=UUID(int=3), reasons=(Reason.REJECTED,), verdict=Verdict.RECORDED)
    sides = sides_of(GatheredSides([stands, returned, rejected]), ZONE_DEFAULT)
    assert [use.scan_id.int for use in sides.uses] == [1]
    assert [use.scan_id.int for use in sides.gone] == [2, 3]

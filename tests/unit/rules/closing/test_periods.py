"""Two reports of a month and the bridge between them agree to the cent, whatever was posted when."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from models.calendar import Month
from models.closing.figures import BridgeLine, Change, DepartmentSums, EntryCause, EntryGroup, EntrySums
from rules.closing.periods import changes, digest, month_report, sums_of

MAY, JUNE, JULY = Month(202205), Month(202206), Month(202207)

groups = st.lists(
    st.builds(
        EntryGroup,
        department=st.sampled_from(["ORTH", "ICU", None]),
        service_month=st.sampled_from([MAY, JUNE, JULY]),
        period=st.sampled_from([MAY, JUNE, JULY]),
        credit=st.booleans(),
        cause=st.sampled_from(EntryCause),
        entries=st.integers(1, 5),
        amount_fen=st.integers(0, 1_000_000),
    ),
    max_size=30,
)


def group(period: Month, amount_fen: int, *, credit: bool = False, cause: EntryCause = EntryCause.USE) -> EntryGroup:
    return EntryGroup("ORTH", JUNE, period, credit, cause, 1, amount_fen)


def added(rows: tuple[DepartmentSums, ...] | tuple[BridgeLine, ...]) -> int:
    return sum(each.sums.net_fen for each in rows)


@given(groups)
@settings(max_examples=100, derandomize=True)
def test_use_plus_posted_here_less_posted_elsewhere_is_what_was_posted(some: list[EntryGroup]) -> None:
    for month in (MAY, JUNE, JULY):
        report = month_report(month, some)

        here, elsewhere = added(report.posted_here), added(report.posted_elsewhere)
        assert report.service.net_fen + here - elsewhere == report.period.net_fen
        assert (added(report.by_service), added(report.by_period)) == (report.service.net_fen, report.period.net_fen)


@given(groups)
@settings(max_examples=100, derandomize=True)
def test_months_of_use_and_periods_add_up_to_the_same_ledger(some: list[EntryGroup]) -> None:
    reports = [month_report(month, some) for month in (MAY, JUNE, JULY)]

    assert sum(each.service.net_fen for each in reports) == sums_of(some).net_fen
    assert sum(each.period.net_fen for each in reports) == sums_of(some).net_fen


def test_a_credit_after_the_close_is_on_the_bridge_of_both_months() -> None:
    some = [group(JUNE, 30_000), group(JULY, 10_000, credit=True, cause=EntryCause.RETURN)]
    credited = BridgeLine(JUNE, JULY, EntrySums(1, 0, 10_000))

    june, july = month_report(JUNE, some), month_report(JULY, some)

    assert (june.service, june.period) == (EntrySums(2, 30_000, 10_000), EntrySums(1, 30_000, 0))
    assert (june.posted_here, june.posted_elsewhere) == ((), (credited,))
    assert (july.service, july.period) == (EntrySums(0, 0, 0), EntrySums(1, 0, 10_000))
    assert (july.posted_here, july.posted_elsewhere) == ((credited,), ())


def test_what_came_since_is_told_apart_by_cause_and_month_of_posting() -> None:
    later = [
        group(JULY, 5, credit=True, cause=EntryCause.RETURN),
        group(JULY, 7),
        group(JULY, 9),
        EntryGroup("ORTH", JULY, JULY, False, EntryCause.USE, 1, 100),
    ]

    assert changes(JUNE, later) == (
        Change(EntryCause.USE, JULY, EntrySums(2, 16, 0)),
        Change(EntryCause.RETURN, JULY, EntrySums(1, 0, 5)),
    )


def test_the_digest_is_of_the_figures_and_not_of_the_order_they_came_in() -> None:
    some = [group(JUNE, 5), group(JULY, 7), EntryGroup(None, MAY, JUNE, False, EntryCause.USE, 1, 3)]
    report, turned = month_report(JUNE, some), month_report(JUNE, reversed(some))

    assert digest("H1", report, None) == digest("H1", turned, None)
    others = {
        digest("H2", report, None),
        digest("H1", report, date(2022, 6, 15)),
        digest("H1", month_report(JUNE, some[1:]), None),
    }
    assert len(others | {digest("H1", report, None)}) == 4

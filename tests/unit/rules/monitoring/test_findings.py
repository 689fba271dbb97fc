from dataclasses import replace

import pytest

from models.calendar import Month
from models.monitoring.alert import (
    AlertKey,
    AlertVersion,
    Cell,
    Figures,
    Measure,
    RuleMeasure,
    Scope,
    ScopeType,
    Status,
    UsageSums,
)
from models.monitoring.cause import CausePart, Factor
from models.monitoring.finding import (
    DepartmentRise,
    DeskCut,
    Filed,
    FindingBody,
    FindingKey,
    FindingStatus,
    FindingVersion,
)
from models.monitoring.rule import STUDY_RULES
from rules.monitoring.findings import FindingFacts, cut_of, finding_of, next_finding, on_desk
from tests.unit.rules.monitoring.cases import AT, HOSPITAL, JUNE

MAY = Month(202205)
KEY = FindingKey("H1", "SCREW", JUNE)
ORTH, CARD = (Scope("H1", ScopeType.DEPARTMENT, name) for name in ("ORTH", "CARD"))
RULES = {row.rule: row for row in STUDY_RULES}
GROWTH, TOP, NEW = "growth-month-on-month", "top-three-three-months", "new-item"


def facts(**used: tuple[int, int, int, int]) -> FindingFacts:
    """By scope: units and fen in May, units and fen in June."""
    scopes = {"H1": HOSPITAL, "ORTH": ORTH, "CARD": CARD}
    usage = {}
    for name, (units_before, before, units, now) in used.items():
        usage[Cell(scopes[name], "SCREW", MAY)] = UsageSums(units_before, before)
        usage[Cell(scopes[name], "SCREW", JUNE)] = UsageSums(units, now)
    return FindingFacts({("H1", "SCREW"): usage}, lambda _, __, name: RULES.get(name))


def alert(
    rule: str, status: Status = Status.FIRED, *, scope: Scope = HOSPITAL, measure: Measure = Measure.AMOUNT,
    value: int = 0, cause: dict[Factor, int] | None = None, run: int | None = None,
) -> AlertVersion:  # fmt: skip
    key = AlertKey(Cell(scope, "SCREW", JUNE), RuleMeasure(rule, measure))
    parts = tuple(CausePart(factor, amount) for factor, amount in (cause or {}).items())
    base = MAY if rule in {GROWTH, NEW} else None
    return AlertVersion(key, 1, status, False, Figures(value, base, months_in_a_row=run, cause=parts), AT)


USED = facts(
    H1=(1000, 10_000_000, 1500, 15_000_000),
    ORTH=(600, 6_000_000, 1100, 11_000_000),
    CARD=(400, 4_000_000, 400, 4_000_000),
)
RISE = {Factor.CASES: 1_000_000, Factor.WEIGHT: 0, Factor.USE: 4_000_000, Factor.MIX: 0, Factor.PRICE: 0}


def status(*alerts: AlertVersion, known: FindingFacts = USED) -> tuple[FindingStatus, Filed | None]:
    body = finding_of(KEY, alerts, known)
    return body.status, body.filed


def test_what_fires_is_open() -> None:
    assert status(alert(GROWTH)) == (FindingStatus.OPEN, None)


def test_a_finding_is_explained_when_all_its_standing_alerts_are() -> None:
    explained, withdrawn = alert(GROWTH, Status.EXPLAINED), alert(GROWTH, Status.WITHDRAWN, scope=CARD)
    assert status(explained, withdrawn) == (FindingStatus.EXPLAINED, Filed.CASELOAD)
    assert status(explained, alert(GROWTH, scope=ORTH)) == (FindingStatus.OPEN, None)


def test_a_finding_is_withdrawn_when_none_stands() -> None:
    assert status(alert(GROWTH, Status.WITHDRAWN)) == (FindingStatus.WITHDRAWN, None)


@pytest.mark.parametrize(("run", "found"), [(3, FindingStatus.OPEN), (4, FindingStatus.CONTINUED)])
def test_a_run_at_the_top_is_the_finding_of_the_month_in_which_it_began(run: int, found: FindingStatus) -> None:
    assert status(alert(TOP, run=run)) == (found, None)


def test_a_run_that_goes_on_beside_something_new_is_open() -> None:
    assert status(alert(TOP, run=9), alert(TOP, scope=ORTH, run=3))[0] is FindingStatus.OPEN
    assert status(alert(TOP, run=9), alert(GROWTH))[0] is FindingStatus.OPEN
    assert status(alert(TOP, run=9), alert(GROWTH, Status.EXPLAINED))[0] is FindingStatus.CONTINUED


@pytest.mark.parametrize(
    ("value", "found"),
    [(4_999_999, (FindingStatus.EXPLAINED, Filed.NEW)), (5_000_000, (FindingStatus.OPEN, None))],
)
def test_a_new_item_is_filed_below_what_its_rule_lets_lie_open(
    value: int, found: tuple[FindingStatus, Filed | None]
) -> None:
    units = alert(NEW, measure=Measure.QUANTITY, value=99)
    assert status(alert(NEW, value=value), units) == found


def test_at_stake_is_the_rise_that_caseload_does_not_explain() -> None:
    body = finding_of(KEY, [alert(GROWTH, cause=RISE)], USED)
    # Of 50,000 yuan cases explain 10,000; the chance of 2,500 units at 100 yuan is 3 times the root: 150 units.
    assert (body.amount_fen, body.certain_fen) == (4_000_000, 4_000_000 - 3 * 50 * 10_000)
    assert body.cause == tuple(CausePart(factor, amount) for factor, amount in RISE.items())


def test_a_higher_price_is_never_chance() -> None:
    dearer = {Factor.CASELOAD: 0, Factor.USE: 0, Factor.MIX: 0, Factor.PRICE: 50_000}
    body = finding_of(KEY, [alert(GROWTH, cause=dearer)], facts(H1=(4, 100_000, 4, 150_000)))
    assert (body.amount_fen, body.certain_fen) == (50_000, 50_000)


def test_what_a_higher_price_costs_is_at_stake_while_use_falls() -> None:
    # 1,000 units at 100 yuan, then 700 at 150: the price costs 42,500 yuan, fewer units save 37,500.
    known = facts(H1=(1000, 10_000_000, 700, 10_500_000))
    cause = {Factor.CASES: 0, Factor.WEIGHT: 0, Factor.USE: -3_750_000, Factor.MIX: 0, Factor.PRICE: 4_250_000}
    body = finding_of(KEY, [alert(GROWTH, cause=cause)], known)
    assert (body.certain_fen, body.amount_fen) == (4_250_000, 4_250_000)


def test_a_few_units_more_are_chance() -> None:
    more = {Factor.CASELOAD: 0, Factor.USE: 4_000_000, Factor.MIX: 0, Factor.PRICE: 0}
    body = finding_of(KEY, [alert(GROWTH, cause=more)], facts(H1=(10, 10_000_000, 14, 14_000_000)))
    assert (body.amount_fen, body.certain_fen) == (4_000_000, 0)


def test_the_department_that_makes_up_the_rise_is_named_in_the_hospitals_finding() -> None:
    body = finding_of(KEY, [alert(GROWTH, cause=RISE), alert(GROWTH, scope=ORTH, cause=RISE)], USED)
    assert body.departments == (DepartmentRise("ORTH", 5_000_000),)
    assert len(body.alerts) == 2


def test_a_rank_in_a_department_alone_has_nothing_at_stake_and_one_in_the_hospital_has_its_use() -> None:
    assert finding_of(KEY, [alert(TOP, scope=ORTH, run=3)], USED).amount_fen == 0
    assert finding_of(KEY, [alert(TOP, run=3)], USED).amount_fen == 15_000_000


def body(certain: int, amount: int = 100, found: FindingStatus = FindingStatus.OPEN) -> FindingBody:
    cause = (CausePart(Factor.USE, 1),)
    return FindingBody(found, None, False, amount, certain, cause, Measure.AMOUNT, (), ())


def candidates(*bodies: FindingBody) -> list[tuple[FindingKey, FindingBody]]:
    return [(KEY._replace(item_code=f"I{place}"), each) for place, each in enumerate(bodies)]


def test_while_all_find_room_nothing_is_cut() -> None:
    assert cut_of(candidates(body(0), body(0), body(9)), 3) is None
    assert cut_of(candidates(body(0), body(0), body(9), body(9, found=FindingStatus.CONTINUED)), 3) is None
    assert on_desk(body(0), None).status is FindingStatus.OPEN


def test_on_a_full_desk_what_chance_alone_may_give_is_filed() -> None:
    cut = cut_of(candidates(body(0), body(0), body(9), body(7)), 3)
    assert cut == DeskCut(1, 0)
    filed = [on_desk(each, cut) for each in (body(0), body(1), replace(body(0, 0), cause=()))]
    assert [(each.status, each.filed) for each in filed] == [
        (FindingStatus.EXPLAINED, Filed.CHANCE),
        (FindingStatus.OPEN, None),
        (FindingStatus.EXPLAINED, Filed.DEPARTMENT_RANK),
    ]


def test_a_full_desk_holds_those_with_the_most_at_stake_and_ties_at_the_edge_find_no_room() -> None:
    every = [body(9), body(8), body(7, 50), body(7, 60), body(6)]
    cuts = {room: cut_of(candidates(*every), room) for room in (2, 3, 4)}
    assert cuts == {2: (8, 100), 3: (7, 60), 4: (7, 50)}
    for room, cut in cuts.items():
        assert sum(on_desk(each, cut).status is FindingStatus.OPEN for each in every) == room
    tied = [body(9), body(7), body(7)]
    cut = cut_of(candidates(*tied), 2)
    assert [on_desk(each, cut).filed for each in tied] == [None, Filed.BEYOND_DESK, Filed.BEYOND_DESK]


def test_only_a_change_is_a_new_version() -> None:
    known = FindingVersion(KEY, 1, body(9), AT)
    assert next_finding(None, body(9)) == body(9)
    assert next_finding(None, body(0, found=FindingStatus.WITHDRAWN)) is None
    assert next_finding(known, body(9)) is None
    assert next_finding(known, body(9, 101)) == body(9, 101)


def test_a_closed_finding_stays_closed_until_what_it_rests_on_changes() -> None:
    closed = FindingVersion(KEY, 2, body(9, found=FindingStatus.CLOSED), AT)
    assert next_finding(closed, body(9)) is None
    assert next_finding(closed, body(9, 101)) == body(9, 101)

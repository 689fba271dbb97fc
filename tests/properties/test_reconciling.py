"""What holds whatever was used and whatever the HIS charges, in any order; and how well seeded errors are found."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from models.money import line_amount_fen
from models.reconciling.differences import Difference, DifferenceKind, LikelyCause, Line, Use, UseStatus
from rules.reconciling import across, reconcile
from rules.reconciling.nearest import nearest_pairs
from tests.properties.seeded import seeded
from tests.support.two_sides import AT, billing, gone_use

thoroughly = settings(max_examples=300, derandomize=True)
ITEMS, CODES, PRICES = ("SCREW", "NAIL", "PLATE"), ("C1", "C2"), (10_000, 20_000, 3_333, 30_000)
MARKS = st.sampled_from([None, None, "1", "2"])
MINUTES = st.sampled_from([0, 1, 2, 30, 31, 1_441, 9_000]).map(lambda minutes: AT + timedelta(minutes=minutes))
LIMIT = 8


@st.composite
def use(draw: st.DrawFn, number: int) -> Use:
    status = draw(st.sampled_from([UseStatus.CHARGED] * 3 + [UseStatus.OPEN, UseStatus.FREE]))
    item = draw(st.sampled_from(ITEMS))
    quantity, price = draw(st.integers(1, 3)), draw(st.sampled_from(PRICES))
    charged = status is UseStatus.CHARGED
    return Use(
        UUID(int=number), "E1", status, draw(MINUTES), "OR",
        None if status is UseStatus.OPEN and draw(st.booleans()) else item,
        draw(st.sampled_from(CODES)), draw(MARKS), draw(MARKS), quantity, price,
        0 if status is UseStatus.FREE else line_amount_fen(quantity, price),
        billing(number) if charged else None,
        (billing(100 + number),) if charged and draw(st.booleans()) else (),
    )  # fmt: skip


@st.composite
def line(draw: st.DrawFn, number: int) -> Line:
    quantity, price = draw(st.integers(1, 3)), draw(st.sampled_from(PRICES))
    named = draw(st.sampled_from([None] * 6 + [1, 2, 3, 101, 55, 77]))
    return Line(
        f"H{number}", "E1", draw(st.sampled_from(ITEMS)), draw(st.sampled_from([None, *CODES])), quantity, price,
        line_amount_fen(quantity, price), draw(MINUTES), None, None if named is None else billing(named), draw(MARKS),
        draw(MARKS),
    )  # fmt: skip


def uses() -> st.SearchStrategy[list[Use]]:
    return st.integers(0, LIMIT).flatmap(lambda count: st.tuples(*(use(number) for number in range(count)))).map(list)


def lines() -> st.SearchStrategy[list[Line]]:
    return st.integers(0, LIMIT).flatmap(lambda count: st.tuples(*(line(number) for number in range(count)))).map(list)


GONE = st.sampled_from([[], [gone_use(55)], [gone_use(55), gone_use(56, item_code="NAIL", serial="1")]])


def right_line(of: Use, random: Random) -> Line:
    """As it should be; some HIS keep the charge and the unit, some do not."""
    assert of.item_code is not None and of.quantity is not None and of.unit_price is not None  # noqa: PT018
    keeps = random.random() < 0.5
    return Line(
        f"H{of.scan_id.int}", of.encounter, of.item_code, of.insurance_code, of.quantity, of.unit_price,
        line_amount_fen(of.quantity, of.unit_price), of.scanned_at + timedelta(minutes=random.randrange(90)), "OR",
        of.billing_id if keeps else None, of.lot if random.random() < 0.5 else None,
        of.serial if random.random() < 0.5 else None,
    )  # fmt: skip


def equal_sides(of: list[Use], seed: int) -> tuple[list[Use], list[Line]]:
    """Those that need a line and could be given one, each with its line."""
    random = Random(seed)  # noqa: S311 -- a test, no secret
    due = [each for each in of if each.status is not UseStatus.FREE and each.item_code is not None]
    return due, [right_line(each, random) for each in due]


def ids(found: list[Difference]) -> list[UUID]:
    return [each.difference_id for each in found]


@given(uses(), lines(), GONE, st.randoms(use_true_random=False))
@settings(thoroughly, max_examples=400)
def test_each_promise_is_kept_whatever_both_sides_say(
    used: list[Use], charged: list[Line], gone: list[Use], random: Random
) -> None:
    """Both sides are made once for all of them: a promise sees a third more of these than if it had its own."""
    found = reconcile("H1", "E1", used, charged, gone)
    no_use_and_no_line_is_in_two_differences(found)
    the_money_adds_up_to_the_fen(used, charged, found)
    what_is_free_or_gone_is_in_no_difference(used, gone, found)
    for side in (used, charged, gone):
        random.shuffle(side)
    assert reconcile("H1", "E1", used, charged, gone) == found


def no_use_and_no_line_is_in_two_differences(found: list[Difference]) -> None:
    sides = Counter(side for each in found for side in (each.scan_id, each.line_id) if side is not None)
    assert all(count == 1 for count in sides.values())
    assert found == sorted(found, key=lambda each: (each.at, each.difference_id))


def the_money_adds_up_to_the_fen(used: list[Use], charged: list[Line], found: list[Difference]) -> None:
    due = sum(each.amount_fen or 0 for each in used)
    assert sum(each.amount_fen for each in found) == sum(each.amount_fen for each in charged) - due


def what_is_free_or_gone_is_in_no_difference(used: list[Use], gone: list[Use], found: list[Difference]) -> None:
    scans = {each.scan_id for each in found}
    assert scans.isdisjoint(each.scan_id for each in (*gone, *used) if each.status is UseStatus.FREE or each in gone)


@given(uses(), st.integers(0, 99), st.integers(0, LIMIT), GONE)
@thoroughly
def test_equal_sides_differ_in_nothing_and_a_line_taken_away_is_one_missed_charge(
    used: list[Use], seed: int, place: int, gone: list[Use]
) -> None:
    due, charged = equal_sides(used, seed)
    assert reconcile("H1", "E1", due, charged, gone) == []
    if not charged:
        return
    lost = charged.pop(place % len(charged))
    (found,) = reconcile("H1", "E1", due, charged, gone)
    assert (found.kind, found.item_code, found.quantity, found.expected_fen) == (
        DifferenceKind.MISSED, lost.item_code, lost.quantity, lost.amount_fen,
    )  # fmt: skip


@given(uses(), st.integers(0, 99), lines())
@thoroughly
def test_a_line_too_many_is_one_extra_line(used: list[Use], seed: int, more: list[Line]) -> None:
    due, charged = equal_sides(used, seed)
    found = reconcile("H1", "E1", due, [*charged, *(replace(each, line_id=f"X{each.line_id}") for each in more)])
    assert sum(each.kind is DifferenceKind.EXTRA for each in found) == len(more)
    assert not [each for each in found if each.kind is DifferenceKind.MISSED]


@given(uses(), lines(), st.integers(0, LIMIT))
@thoroughly
def test_a_line_cancelled_and_entered_again_changes_ids_only(used: list[Use], charged: list[Line], place: int) -> None:
    """The new id stands where the old one stood among the equal lines."""
    before = reconcile("H1", "E1", used, charged)
    again = {each.line_id: f"{each.line_id}-2" for each in charged[place:]}
    entered = [replace(each, line_id=again.get(each.line_id, each.line_id)) for each in charged]

    def said(found: list[Difference], names: dict[str, str]) -> list[Any]:
        return sorted(
            ((names.get(each.line_id or "", each.line_id), str(each.scan_id), each.kind, each.aspects, each.cause,
              each.fix, each.at, each.expected_fen, each.found_fen) for each in found), key=repr,
        )  # fmt: skip

    assert said(reconcile("H1", "E1", used, entered), {}) == said(before, again)


@given(st.lists(MINUTES, max_size=9), st.lists(MINUTES, max_size=9), st.sampled_from([None, timedelta(minutes=29)]))
@thoroughly
def test_the_nearest_two_of_all_are_paired_first(
    used_at: list[Any], served_at: list[Any], window: timedelta | None
) -> None:
    used = [replace(gone_use(number), scanned_at=at) for number, at in enumerate(sorted(used_at))]
    charged = [
        Line(f"H{number}", "E1", "SCREW", None, 1, 1, 1, at) for number, at in enumerate(sorted(served_at))
    ]  # fmt: skip
    left = [[each.scanned_at for each in used], [each.service_at for each in charged]]
    pairs = nearest_pairs(used, charged, window)
    for use_place, line_place in pairs:
        nearest = min(abs(one - other) for one in left[0] for other in left[1])
        assert abs(used[use_place].scanned_at - charged[line_place].service_at) == nearest
        left[0].remove(used[use_place].scanned_at)
        left[1].remove(charged[line_place].service_at)
    unpaired = [abs(one - other) for one in left[0] for other in left[1]]
    assert len(pairs) == len(set(pairs)) and (not unpaired or (window is not None and min(unpaired) > window))  # noqa: PT018


def alone(numbers: list[tuple[int, int, Any]], kind: DifferenceKind) -> list[Difference]:
    """One difference of the kind for each (patient, which charge it names, when)."""
    found = []
    for number, (patient, named, at) in enumerate(numbers):
        encounter = f"E{patient}"
        one = Use(
            UUID(int=number), encounter, UseStatus.CHARGED, at, None, "SCREW", None, None, None, 1, 100, 1,
            billing(number),
        )  # fmt: skip
        other = Line(f"H{number}", encounter, "SCREW", None, 1, 100, 1, at, None, billing(named) if named < 4 else None)
        missed = kind is DifferenceKind.MISSED
        found += reconcile("H1", encounter, [one] if missed else [], [] if missed else [other])
    return found


SIDES = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 9), MINUTES), max_size=LIMIT)


@given(SIDES, SIDES, st.randoms(use_true_random=False))
@thoroughly
def test_patients_are_paired_one_to_one_in_any_order(
    missed: list[tuple[int, int, Any]], extra: list[tuple[int, int, Any]], random: Random
) -> None:
    sides = alone(missed, DifferenceKind.MISSED), alone(extra, DifferenceKind.EXTRA)
    pairs = across(*sides)
    assert len({each.scan_id for each in pairs}) == len({each.line_id for each in pairs}) == len(pairs)
    encounters = {each.line_id: each.encounter for each in sides[1]}
    assert all(encounters[each.line_id] != each.encounter and each.cause is LikelyCause.OTHER_PATIENT for each in pairs)
    for side in sides:
        random.shuffle(side)
    assert across(*sides) == pairs


def test_seeded_errors_are_found() -> None:
    """2 % missed, five times 1 % wrong, 1 % extra: of each kind and aspect 99.5 %, in recall and in precision."""
    sought, got = Counter[str](), Counter[str]()
    both = Counter[str]()
    for seed in range(4):
        book = seeded(5_000, seed)
        truth, found = book.truth(), book.found()
        for told, counts in ((truth, sought), (found, got), (truth & found, both)):
            counts.update(name for each in told for name in each.names)
    assert set(sought) == {"missed", "wrong", "extra", "code", "price", "quantity", "patient"}
    assert min(sought.values()) >= 40
    shares = {name: (both[name] / sought[name], both[name] / got[name]) for name in sought}
    assert {name: share for name, share in shares.items() if min(share) < 0.995} == {}

"""A difference over time: it comes, it is decided on, it changes, it goes; and when it comes again it goes on."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from models.reconciling.differences import (
    Difference,
    DifferenceKind,
    DifferenceStatus,
    DifferenceVersion,
    Fix,
    LikelyCause,
)
from rules.reconciling.standing import Past, UsesNow, next_versions
from tests.support.builders import NOON, scan_id

MISSED = Difference(
    hospital="H1",
    encounter="E1",
    kind=DifferenceKind.MISSED,
    aspects=(),
    cause=LikelyCause.NOT_POSTED,
    fix=Fix.POST,
    at=NOON,
    item_code="SCREW",
    scan_id=scan_id(1),
    line_id=None,
    billing_id=None,
    expected_fen=123400,
    found_fen=0,
)
ID = MISSED.difference_id
LATER = NOON + timedelta(hours=1)
OPEN, ASKED, ACCEPTED = DifferenceStatus.OPEN, DifferenceStatus.ASKED, DifferenceStatus.ACCEPTED


def version(status: DifferenceStatus = OPEN, number: int = 1, of: Difference = MISSED) -> DifferenceVersion:
    by, reason = ("li", "seen") if status in (ASKED, ACCEPTED) else (None, None)
    return DifferenceVersion(of, number, status, NOON, by=by, reason=reason)


def after(
    *standing: DifferenceVersion,
    found: tuple[Difference, ...] = (),
    past: Past | None = None,
    uses: UsesNow | None = None,
) -> list[DifferenceVersion]:
    return next_versions(
        standing, {each.difference_id: (each, False) for each in found}, past or Past({}), uses or UsesNow(), LATER
    )


def test_what_is_found_for_the_first_time_is_open() -> None:
    assert after(found=(MISSED,)) == [DifferenceVersion(MISSED, 1, OPEN, LATER)]


@pytest.mark.parametrize("status", [OPEN, ASKED, ACCEPTED])
def test_what_is_there_as_it_was_has_no_new_version(status: DifferenceStatus) -> None:
    assert after(version(status), found=(MISSED,), past=Past({ID: 1})) == []


@pytest.mark.parametrize("status", [OPEN, ASKED, ACCEPTED])
def test_other_figures_open_it_again_whatever_a_person_said(status: DifferenceStatus) -> None:
    dearer = replace(MISSED, expected_fen=130000)

    assert after(version(status, 2), found=(dearer,), past=Past({ID: 2})) == [DifferenceVersion(dearer, 3, OPEN, LATER)]


def test_what_comes_again_goes_on_where_it_ended() -> None:
    assert after(found=(MISSED,), past=Past({ID: 4})) == [DifferenceVersion(MISSED, 5, OPEN, LATER)]


@pytest.mark.parametrize(
    ("past", "uses", "status"),
    [
        (Past({}), UsesNow(charged={scan_id(1)}), DifferenceStatus.VANISHED),
        (Past({}, asked={ID}), UsesNow(), DifferenceStatus.MENDED),
        (Past({}, asked={ID}), UsesNow(taken_back={scan_id(1)}), DifferenceStatus.VANISHED),
        (Past({}, waited={ID}), UsesNow(charged={scan_id(1)}), DifferenceStatus.MENDED),
        (Past({}, waited={ID}), UsesNow(), DifferenceStatus.VANISHED),
        (Past({}, waited={ID}), UsesNow(charged={scan_id(2)}), DifferenceStatus.VANISHED),
    ],
    ids=["by itself", "asked", "use taken back", "scan freed", "charged by hand", "another scan"],
)
def test_what_is_gone_was_mended_when_somebody_did_something_about_it(
    past: Past, uses: UsesNow, status: DifferenceStatus
) -> None:
    assert after(version(number=2), past=past, uses=uses) == [DifferenceVersion(MISSED, 3, status, LATER)]


def test_versions_come_in_the_order_of_their_ids() -> None:
    others = tuple(replace(MISSED, scan_id=UUID(int=number)) for number in range(5, 20))

    ids = [each.difference.difference_id for each in after(found=others)]

    assert ids == sorted(ids)

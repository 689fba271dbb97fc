"""What confirmed scans teach."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from models.charging.snapshot import LotPatterns
from models.udi.lot_pattern import LotPattern, bounded, fits, is_possible, learn
from rules.labels.learning import Confirmed, PatternVersion, taught

AT = datetime(2022, 6, 3, 4, tzinfo=UTC)
VALUES = st.one_of(st.none(), st.text("AB12-", min_size=1, max_size=4))


def confirmed(number: int, lot: str | None, serial: str | None = None, di: str = "D1") -> Confirmed:
    return Confirmed(UUID(int=number), AT, "GS1", di, lot, serial)


def versions(scans: list[Confirmed], *sizes: int) -> list[PatternVersion]:
    known: dict[tuple[str, str], PatternVersion] = {}
    made, at = [], 0
    for size in (*sizes, len(scans)):
        made += taught(scans[at : at + size], known)
        at += size
    return made


def test_a_version_is_made_by_the_scan_that_changes_what_is_said() -> None:
    made = versions([confirmed(1, "L1"), confirmed(2, "L2"), confirmed(3, "L3", di="D2")])

    assert [(each.di, each.version, each.learned_from) for each in made] == [
        ("D1", 1, UUID(int=1)),
        ("D1", 2, UUID(int=2)),
        ("D2", 1, UUID(int=3)),
    ]
    assert made[1].patterns == LotPatterns(learn(learn(None, "L1"), "L2"), LotPattern(absent=2))


def test_more_of_the_same_makes_no_version_any_more() -> None:
    made = versions([confirmed(number, f"L{number % 10}") for number in range(1000)])

    assert len(made) == 16


def test_the_same_scans_give_the_same_versions_however_they_are_cut() -> None:
    scans = [confirmed(number, f"L{number}", f"S{number}" if number % 3 else None) for number in range(200)]

    assert versions(scans, 1, 7, 50) == versions(scans)


@given(st.lists(VALUES, max_size=40), VALUES)
def test_a_bounded_pattern_says_what_the_whole_one_says(values: list[str | None], value: str | None) -> None:
    whole, short = LotPattern(), LotPattern()
    for each in values:
        whole, short = learn(whole, each), bounded(learn(short, each))

    assert short == bounded(whole)
    assert (fits(short, value), is_possible(short, value)) == (fits(whole, value), is_possible(whole, value))
    assert bool(short.confirmed) == bool(whole.confirmed)

"""A log that becomes shorter has lost records; one that stands or grows has not."""

from streams.services.cuts import Cuts

SCANS = ("udi.scans", 0)


def test_a_log_that_grows_or_stands_is_whole() -> None:
    cuts = Cuts()
    for end in (0, 5, 5, 9):
        cuts.seen({SCANS: end}, {SCANS: end})

    assert cuts.found == []


def test_books_that_read_on_after_the_end_was_asked_are_no_cut() -> None:
    cuts = Cuts()
    cuts.seen({SCANS: 7}, {SCANS: 5})
    cuts.seen({SCANS: 7}, {SCANS: 7})

    assert cuts.found == []


def test_a_log_that_ends_before_what_was_seen_is_cut_and_stays_so() -> None:
    cuts = Cuts()
    cuts.seen({SCANS: 3}, {SCANS: 9})
    cuts.seen({SCANS: 3}, {SCANS: 8})
    cuts.seen({SCANS: 3}, {SCANS: 20})

    assert cuts.found == ["udi.scans/0 ends at offset 8, but offset 8 was seen: records are lost."]


def test_a_log_that_ends_before_the_books_is_cut() -> None:
    cuts = Cuts()
    cuts.seen({SCANS: 9}, {SCANS: 9})
    cuts.seen({SCANS: 9}, {SCANS: 0})

    assert len(cuts.found) == 1

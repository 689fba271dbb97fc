"""Where an output goes on, and every contradiction that only a person may settle: one case on either side."""

from uuid import UUID

import pytest

from streams.services.relay.resuming import Known, RelayStoppedError, check_same, go_on_after
from streams.services.relay.tail import Record, Tail


def tail(seq: int | None, start: int = 0) -> Tail:
    return Tail(None if seq is None else Record(seq, UUID(int=seq), 10 * seq), start, 10_000)


@pytest.mark.parametrize(
    ("found", "known", "expected"),
    [
        (tail(None), Known(newest=5, floor=0, begun=0, published=0), 0),
        (tail(None, start=7), Known(5, 3, 0, 0), 3),
        (tail(None), Known(500, 0, 200, 0), 200),
        (tail(None), Known(500, 200, 200, 0), 200),
        (tail(4), Known(5, 4, 0, 4), 4),
        (tail(5), Known(5, 0, 0, 0), 5),
        (tail(5), Known(9, 5, 0, 0, purged=5), 5),
        (tail(None), Known(500, 200, 200, 0, purged=200), 200),
    ],
)
def test_it_goes_on_after_what_is_there(found: Tail, known: Known, expected: int) -> None:
    assert go_on_after("billing/0", found, known) == expected


@pytest.mark.parametrize(
    ("found", "known", "said"),
    [
        (tail(None), Known(5, 3, 0, 0), "is new and empty, but 3 records"),
        (tail(None), Known(500, 201, 200, 0), "is new and empty, but 201 records"),
        (tail(3), Known(5, 4, 0, 0), "ends with record 3, but 4 were published"),
        (tail(3), Known(5, 3, 0, 4), "ends with record 3, but 4 were published"),
        (tail(6), Known(5, 5, 0, 0), "holds record 6, the outbox only 5"),
        (tail(None), Known(9, 0, 0, 0, purged=5), "would go on with record 1, but the outbox has let go of the bodies"),
        (tail(4), Known(9, 4, 0, 0, purged=5), "would go on with record 5"),
    ],
)
def test_a_contradiction_stops_it(found: Tail, known: Known, said: str) -> None:
    with pytest.raises(RelayStoppedError, match=said):
        go_on_after("billing/0", found, known)


def test_another_record_at_the_tail_stops_it() -> None:
    check_same("billing/0", 3, UUID(int=3), UUID(int=3))
    check_same("billing/0", 3, None, UUID(int=3))
    check_same("billing/0", 0, None, None)
    for other in (UUID(int=4), None):
        with pytest.raises(RelayStoppedError, match="Record 3 of billing/0"):
            check_same("billing/0", 3, UUID(int=3), other)

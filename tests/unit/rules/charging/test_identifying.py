"""Which goods an `identify` may say are of another lot or serial, and which not: by what is known of them."""

from datetime import date
from typing import Any

import pytest

from models.charging.books import LabelFacts
from models.charging.commands import Carried, Command, Commanded, CommandKind, Recorded
from models.charging.decision import Decision
from models.charging.goods import GoodsKey
from models.charging.refusals import CommandRefusal, Refused
from rules.charging.commands import carry_out
from rules.charging.identifying import says_less
from tests.support.builders import DI, HOSPITAL, NOON, Bench, gs1, item, prior_of, scan_id

LESS = ("held", ("no-such-goods", "label-incomplete"), None)
MOVES = ("recorded", (), scan_id(1))


def label(lot: str | None, serial: str | None) -> LabelFacts:
    return LabelFacts("GS1", DI, lot, serial, date(2027, 12, 31), None)


def used(bench: Bench, **known: str) -> Decision:
    """A use whose label says what is known, and that the batch of an `identify` has looked up."""
    bench.view.gathered.goods[GoodsKey(HOSPITAL, scan_id(1), None)] = []
    return bench.decision(1, codes=[gs1(DI, expiry="271231", **known)])


@pytest.mark.parametrize(
    ("said", "known", "less"),
    [
        ((None, None), (None, None), False),
        (("L2", None), ("L1", None), False),
        ((None, "S2"), (None, "S1"), False),
        (("L1", "S1"), (None, None), False),
        ((None, None), ("L1", None), True),
        ((None, None), (None, "S1"), True),
        ((None, "S1"), ("L1", None), True),
        (("L1", None), (None, "S1"), True),
    ],
)
def test_a_label_says_less_when_it_lacks_a_lot_or_serial_that_is_known(
    said: tuple[str | None, str | None], known: tuple[str | None, str | None], *, less: bool
) -> None:
    assert says_less(label(*said), *known) is less


@pytest.mark.parametrize(
    ("tracking", "known", "said", "expected"),
    [
        ("serial", {"serial": "Z1"}, {}, LESS),
        ("serial", {"lot": "L1", "serial": "Z1"}, {"lot": "L2"}, LESS),
        ("lot", {"lot": "L1"}, {}, LESS),
        ("lot", {"lot": "L1"}, {"serial": "Z1"}, LESS),
        ("serial", {"serial": "Z1"}, {"serial": "Z2"}, MOVES),
        ("serial", {"lot": "L1"}, {"lot": "L2"}, MOVES),
        ("lot", {"lot": "L1"}, {"lot": "L2"}, MOVES),
        ("none", {}, {"lot": "L1"}, MOVES),
    ],
)
def test_an_identify_is_held_when_more_is_known_of_the_goods_than_its_label_says(
    tracking: str, known: dict[str, str], said: dict[str, str], expected: tuple[Any, ...]
) -> None:
    bench = Bench(item(tracking=tracking), stocked=False)
    used(bench, **known)
    codes = [gs1(DI, expiry="271231", **said)]
    found = bench.decision(2, action="identify", corrects=str(scan_id(1)), codes=codes, encounter=None)

    assert (found.verdict, found.reasons, found.identifies) == expected


def test_the_lane_of_the_goods_asks_again_and_keeps_what_became_known_meanwhile() -> None:
    bench = Bench(stocked=False)
    decided = used(bench, lot="L1", serial="Z1")
    body = {"scan_id": str(scan_id(2)), "issuer": "GS1", "di": DI, "lot": "L2"}
    command = Command(0, 1, CommandKind.IDENTIFY, HOSPITAL, scan_id(1), "gun1", "scanned", NOON, body)

    decisions, done = carry_out(Commanded(command, Recorded(decided.subject, prior_of(decided)), None), bench.view)

    assert (decisions, done) == ([], Carried(1, done=False, detail=Refused(CommandRefusal.NOT_IDENTIFIABLE).text))

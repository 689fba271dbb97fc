"""The proof of lost separators holds for other seeds too, and its kinds of lots are what they are called."""

from datetime import date
from random import Random

import pytest

from models.udi.issuers.gs1.application_identifiers import RULES
from streams.proofs.rescue_proof import prove
from streams.simulator.hospital.lots import LOTS, SERIALS, could_be, drawn


@pytest.mark.parametrize("seed", [1, 2])
def test_lost_separators_are_put_back_and_never_wrongly(seed: int) -> None:
    figures = prove(2500, 25, seed)
    total = figures.total

    assert (total.held, total.waiting, total.wrong, total.wrong_after, total.charge_waits) == (0, 0, 0, 0, 0)
    assert (figures.accused, figures.slow) == ([], [])
    assert figures.share >= 0.95
    assert total.lost > 100
    assert figures.kinds["date inside"].faultless > 200
    assert total.silent_before == 0


def test_what_a_template_makes_is_of_it() -> None:
    draw = Random(1)  # noqa: S311 -- a test, no secret
    for _, template in (*LOTS, *SERIALS):
        for _ in range(20):
            value = drawn(template, date(2021, 1, 5), draw.randrange)
            assert could_be(template, value)
            assert RULES["10"].matches(value)
            assert not could_be(template, value + "0")


def test_lots_have_four_to_twenty_characters_of_every_kind() -> None:
    draw = Random(1)  # noqa: S311 -- a test, no secret
    lengths = {len(drawn(template, date(2021, 12, 5), draw.randrange)) for _, template in LOTS}

    assert (min(lengths), max(lengths)) == (4, 20)
    assert {kind for kind, _ in LOTS} >= {
        "yymmdd", "yyyymmdd", "julian", "week", "prefixed", "mixed case", "with signs",
    }  # fmt: skip

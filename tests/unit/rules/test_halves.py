"""Pairing looks at few halves, however many wait."""

from typing import Any

import pytest

from models.policy import POLICY
from rules.charging import lookup
from rules.charging.fold import fold
from rules.charging.lookup import wanted_by
from rules.labels import pairing
from tests.support.builders import DI, Bench, at, gs1, outcome, scan

IDENTIFIER, REST = gs1(DI), gs1(expiry="271231", lot="L1")
MANY = 800


class Counting:
    """Counts how often a function is called."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
        self.calls = 0
        self._work = getattr(module, name)
        monkeypatch.setattr(module, name, self)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        self.calls += 1
        return self._work(*arguments, **named)


def alike(number: int) -> dict[str, Any]:
    """Half labels that never belong together: identifiers only."""
    return scan(number, codes=[IDENTIFIER], scanned_at=at(number / 100))


def apart(number: int) -> dict[str, Any]:
    """Identifiers, then what belongs to them, all of one device within the window."""
    return scan(number, codes=[IDENTIFIER if number < MANY // 2 else REST], scanned_at=at(number / 100))


def in_turn(number: int) -> dict[str, Any]:
    """Each identifier followed by what belongs to it."""
    return scan(number, codes=[REST if number % 2 else IDENTIFIER], scanned_at=at(number / 100))


def counted(number: int) -> dict[str, Any]:
    """As `apart`, counted by the device in another order than it sends them."""
    return apart(number) | {"boot": "b", "sequence": number * 7 % MANY}


@pytest.mark.parametrize("half", [alike, apart, in_turn, counted])
def test_eight_hundred_halves_of_a_device_are_paired_in_a_few_comparisons_each(
    monkeypatch: pytest.MonkeyPatch, half: Any
) -> None:
    compared = Counting(monkeypatch, pairing, "_same_label")
    wanted = Counting(monkeypatch, lookup, "joined")
    bench = Bench()
    arrivals = [bench.read(half(number)) for number in range(MANY)]

    wanted_by(arrivals, (), bench.view.catalogue)  # type: ignore[arg-type]
    results = fold(arrivals, bench.view, POLICY)

    assert compared.calls <= 4 * MANY
    assert wanted.calls <= 4 * MANY
    joined = [each for each in map(outcome, results) if each.verdict in {"billed", "recorded"}]
    assert len(joined) == {alike: 0, apart: 2, in_turn: MANY, counted: len(joined)}[half]


def test_halves_at_the_same_instant_are_told_apart_by_nothing_and_all_wait() -> None:
    bench = Bench()
    codes = [IDENTIFIER, IDENTIFIER, REST, REST]
    outcomes = [bench.scan(number, codes=[code], scanned_at=at(0)) for number, code in enumerate(codes, 1)]

    assert [each.verdict for each in outcomes] == ["waiting"] * 4

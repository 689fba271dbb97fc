"""The errors the simulated HIS makes, each where it can be told apart from every other.

An error is made only where nothing else explains its line: the use is the only one of its item in the encounter, and
what is missed of an item lies days apart from what is too much of it. When a scan that comes later would make it
ambiguous, the clerks have found and mended it by then. So the truth has one answer.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from streams.simulator.account.entries import Entry, Stay
from streams.simulator.chance import Chance
from streams.simulator.clock import MINUTE, SECOND, ordinal_of
from streams.simulator.his.lines import Booked, HisLine, insurance_code
from streams.simulator.hospital.goods import Goods

FATES: Final = (
    ("missed", 200), ("late", 80), ("again", 50), ("away", 50), ("twice", 60),
    ("item", 24), ("insurance", 24), ("price", 24), ("quantity", 24), ("patient", 30),
)  # fmt: skip
"""What is done wrong with so many of 10,000 charges: never posted; posted a month late; cancelled and entered again a
month later, and the same with a month between; posted twice; other item, insurance code, price, units, patient.
References: docs/simulator.md, "The HIS"."""
UNSCANNED_SHARE: Final = 45
"""Lines for what nobody scanned, by 10,000 charges."""
NEAR_DAYS: Final = 2
"""More than the product pairs across encounters."""
TRIES: Final = 8
Place = tuple[str, str]
"""(encounter, item code)."""


class Errors:
    """Where an error is made, and with what."""

    def __init__(self, chance: Chance, goods: list[Goods]) -> None:
        self._chance = chance
        self._goods = goods
        self._codes = {each.code for each in goods}
        self._uses: dict[Place, set[str]] = {}
        self._unclear: dict[Place, Booked] = {}
        self._missed: dict[str, set[int]] = {}
        self._extra: dict[str, set[int]] = {}
        self._stays: dict[int, list[Stay]] = {}

    def arrive(self, entry: Entry) -> Iterator[Booked]:
        """A use is there; gives what would be ambiguous with it and is mended."""
        place = _place(entry)
        uses = self._uses.setdefault(place, set())
        if entry.scan_id not in uses:
            uses.add(entry.scan_id)
            booked = self._unclear.pop(place, None)
            if booked is not None and booked.error is not None:
                yield booked
        if entry.stay is not None and entry.verdict == "billed":
            self._stays.setdefault(ordinal_of(entry.at), []).append(entry.stay)

    def fate(self, booked: Booked, line: HisLine, next_id: Callable[[], str]) -> tuple[str | None, list[HisLine]]:
        """What is done wrong with a charge, and the lines that are entered for it."""
        drawn = self._chance.below(10_000)
        for name, share in FATES:
            if drawn < share:
                lines = self._made(name, booked, line, next_id)
                return (None, [line]) if lines is None else (name, lines)
            drawn -= share
        return None, [line]

    def _made(self, name: str, booked: Booked, line: HisLine, next_id: Callable[[], str]) -> list[HisLine] | None:
        """The lines of an error; `None`: it cannot be made here."""
        entry = booked.entry
        assert entry is not None  # noqa: S101 -- it is a charge's
        if name == "again":
            return [line]
        if name in {"missed", "late", "away"}:
            return ([line] if name == "away" else []) if self._may_miss(entry) else None
        if not self.alone(entry):
            return None
        if name == "twice":
            return [line, replace(line, line_id=next_id())] if self.too_much(booked) else None
        wrong = self._elsewhere(booked, line) if name == "patient" else self._other(name, booked, line)
        if wrong is None:
            return None
        self._unclear[_place(entry)] = booked
        return [wrong]

    def _other(self, name: str, booked: Booked, line: HisLine) -> HisLine | None:
        chance = self._chance
        if name == "insurance":
            others = [each for each in (chance.pick(self._goods), *self._goods[:2]) if each.code != line.item_code]
            return replace(line, insurance_code=insurance_code(others[0]))
        if name == "price":
            return replace(line, price=line.price * chance.pick((8, 9, 11, 12)) // 10)
        if name == "quantity":
            return replace(line, quantity=chance.pick([each for each in range(1, 9) if each != line.quantity]))
        goods = self._free_goods(line.encounter)
        if goods is None:
            return None
        self._unclear[line.encounter, goods.code] = booked
        other = replace(line, item_code=goods.code)
        if line.billing_id is not None:
            price = goods.price_on(ordinal_of(line.at)) or line.price
            return replace(other, insurance_code=insurance_code(goods), price=price)
        return other if chance.below(2) else replace(other, insurance_code=insurance_code(goods))

    def _elsewhere(self, booked: Booked, line: HisLine) -> HisLine | None:
        """The same line on another patient of these days."""
        entry = booked.entry
        assert entry is not None  # noqa: S101 -- it is a charge's
        if entry.owed != line.amount or not self._may_miss(entry, keep=False) or not self.too_much(booked):
            return None
        for _ in range(TRIES):
            stay = self._chance.pick(self._stays[ordinal_of(line.at)])
            if stay.code != line.encounter and (stay.code, line.item_code) not in self._uses:
                self._missed.setdefault(line.item_code, set()).add(ordinal_of(line.at))
                self._unclear[stay.code, line.item_code] = booked
                return replace(line, encounter=stay.code)
        return None

    def too_much(self, booked: Booked) -> bool:
        """A line may stand for the use without any reason to; it is remembered."""
        entry = booked.entry
        assert entry is not None and entry.unit is not None  # noqa: PT018, S101 -- only of such uses
        code, day = entry.unit.goods.code, ordinal_of(entry.at)
        if code not in self._codes or not self.alone(entry) or _near(self._missed.get(code), day):
            return False
        self._extra.setdefault(code, set()).add(day)
        self._unclear[_place(entry)] = booked
        return True

    def by_hand(self, booked: Booked) -> bool:
        """A use that waits may be charged by hand; it is remembered."""
        assert booked.entry is not None  # noqa: S101 -- only of uses
        alone = self.alone(booked.entry)
        if alone:
            self._unclear[_place(booked.entry)] = booked
        return alone

    def unscanned(self, entry: Entry, hospital: str, next_id: Callable[[], str]) -> Booked | None:
        """A line for what nobody scanned, beside a charge."""
        if not self._chance.per_10000(UNSCANNED_SHARE) or entry.stay is None:
            return None
        day = ordinal_of(entry.at)
        goods = self._free_goods(entry.stay.code)
        price = goods.price_on(day) if goods is not None else None
        if goods is None or not price or _near(self._missed.get(goods.code), day):
            return None
        line = HisLine(
            hospital, next_id(), entry.stay.code, entry.department, goods.code, insurance_code(goods),
            self._chance.between(1, 3), price, entry.at - entry.at % MINUTE + 30 * SECOND,
        )  # fmt: skip
        booked = Booked(None, [line], "nobody")
        self._extra.setdefault(goods.code, set()).add(day)
        self._unclear[line.encounter, goods.code] = booked
        return booked

    def _free_goods(self, encounter: str) -> Goods | None:
        """Goods that are not used in the encounter."""
        for _ in range(TRIES):
            goods = self._chance.pick(self._goods)
            if (encounter, goods.code) not in self._uses and (encounter, goods.code) not in self._unclear:
                return goods
        return None

    def _may_miss(self, entry: Entry, *, keep: bool = True) -> bool:
        assert entry.unit is not None  # noqa: S101 -- only of such uses
        code, day = entry.unit.goods.code, ordinal_of(entry.at)
        if _near(self._extra.get(code), day):
            return False
        if keep:
            self._missed.setdefault(code, set()).add(day)
        return True

    def alone(self, entry: Entry) -> bool:
        """It is the only use of its item in the encounter."""
        assert entry.unit is not None  # noqa: S101 -- only of such uses
        return len(self._uses[_place(entry)]) == 1 and entry.unit.goods.code in self._codes


def _place(entry: Entry) -> Place:
    assert entry.stay is not None and entry.unit is not None  # noqa: PT018, S101 -- only of such uses
    return entry.stay.code, entry.unit.goods.code


def _near(days: set[int] | None, day: int) -> bool:
    return days is not None and any(abs(day - each) <= NEAR_DAYS for each in days)

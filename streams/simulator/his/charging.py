"""The simulated HIS: it hears of the month's charges and posts its own lines, and keeps them as charges change."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from streams.simulator.account.account import Account
from streams.simulator.account.entries import OPEN, Entry
from streams.simulator.chance import Chance
from streams.simulator.clock import MINUTE, day_start, days_of
from streams.simulator.his.errors import Errors
from streams.simulator.his.lines import Booked, HisLine, estimate, line_of, spoiled
from streams.simulator.hospital.goods import Goods
from streams.simulator.plan import Plan, Record

LATER: Final = frozenset({"late", "again", "away"})
NOT_POSTED: Final = frozenset({"missed", "late", "away"})
BAD_LINES: Final = 3
"""A month: records that are no lines."""
BY_HAND_SHARE: Final = 1000
RETURNED_SHARE: Final = 1000
KEPT_SHARE: Final = 500
FREE_SHARE: Final = 200
"""In 10,000: scans that wait here charged by hand; whole returns charged all the same; lines kept when all comes back
later; free uses charged. References: docs/simulator.md, "The HIS"."""


@dataclass(slots=True)
class His:
    """The HIS of a hospital."""

    plan: Plan
    """What hospital is simulated."""
    account: Account
    """What must have come out so far."""
    goods: list[Goods]
    """Ordinary goods, known from the start: errors are made with them."""
    booked: dict[str, Booked] = field(default_factory=dict)
    """What it has of each use it ever had a line for, by scan id."""
    nobody: list[Booked] = field(default_factory=list)
    """Lines for what nobody scanned."""
    records: Counter[str] = field(default_factory=Counter)
    """Records on its topic: `lines`, and `refused` by reason as `refused:bad-event`."""
    _chance: Chance = field(init=False)
    _errors: Errors = field(init=False)
    _at: int = 0
    _count: int = 0
    _out: list[Record] = field(default_factory=list)
    _later: list[Booked] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Makes its own chance, so that scans are the same with it and without."""
        self._chance = Chance(self.plan.seed, 3)
        self._errors = Errors(self._chance, self.goods)

    def post(self, index: int) -> list[Record]:
        """The lines of a month, and what has changed in those of earlier ones."""
        self._at = day_start(days_of(self.plan.month(index)).stop) - 30 * MINUTE
        self._out = []
        heard = [each for each in self.account.changed.values() if each.stay is not None and each.unit is not None]
        self.account.changed = {}
        for entry in heard:
            for unclear in self._errors.arrive(entry):
                self._mend(unclear)
        due, self._later = self._later, []
        for booked in due:
            self._go_on(booked)
        for entry in heard:
            self._hear(entry)
        self._unscanned([each for each in heard if each.verdict == "billed" and each.left])
        self._spoil_some()
        return self._out

    def _hear(self, entry: Entry) -> None:
        booked = self.booked.get(entry.scan_id)
        if booked is not None:
            self._change(booked, entry)
        elif entry.verdict == "billed":
            self._first(entry) if entry.left else self._too_much(entry, "returned", RETURNED_SHARE)
        elif entry.verdict == "recorded":
            if entry.left and entry.price:
                self._too_much(entry, "free", FREE_SHARE)
        elif entry.verdict in OPEN and estimate(entry) and self._chance.per_10000(BY_HAND_SHARE):
            booked = Booked(entry, error="by-hand")
            if self._errors.by_hand(booked):
                self.booked[entry.scan_id] = booked
                self._enter(booked, self._line(entry, entry.left, estimate(entry)))

    def _first(self, entry: Entry) -> None:
        """A charge is heard of for the first time."""
        booked, line = self._book(entry), self._line(entry, entry.left, entry.price)
        fate, lines = self._errors.fate(booked, line, self._next_id)
        booked.error = fate
        for each in lines:
            self._enter(booked, each)
        if fate in LATER:
            self._later.append(booked)

    def _too_much(self, entry: Entry, error: str, share: int) -> None:
        """A use that is not charged (any more) is charged all the same."""
        if self._chance.per_10000(share):
            booked = Booked(entry, error=error)
            if self._errors.too_much(booked):
                self.booked[entry.scan_id] = booked
                self._enter(booked, self._line(entry, entry.quantity, entry.price))

    def _change(self, booked: Booked, entry: Entry) -> None:
        """Something has become of a use since."""
        booked.entry = entry
        charged = entry.verdict == "billed" and entry.left
        if booked.error in NOT_POSTED:
            booked.error = booked.error if charged else None
        elif booked.error == "returned" or (booked.error == "free" and entry.left) or entry.verdict in OPEN:
            pass
        elif not charged:
            if (
                booked.error is None
                and booked.lines
                and self._chance.per_10000(KEPT_SHARE)
                and self._errors.too_much(booked)
            ):
                booked.error = "returned"
            else:
                self._cancel(booked)
        elif booked.due != (entry.left, entry.price):
            self._mend(booked)
        elif booked.error == "by-hand":
            booked.error = None

    def _mend(self, booked: Booked) -> None:
        """All lines are cancelled, and what is right is entered."""
        self._cancel(booked)
        entry = booked.entry
        if entry is not None and entry.verdict == "billed" and entry.left:
            self._enter(booked, self._line(entry, entry.left, entry.price))

    def _go_on(self, booked: Booked) -> None:
        """A month later: what is late comes, what is to be entered again is cancelled and entered."""
        if booked.error in {"again", "late"} or (booked.error == "away" and not booked.lines):
            self._mend(booked)
        elif booked.error == "away":
            self._cancel(booked)
            booked.error = "away"
            self._later.append(booked)

    def _unscanned(self, charged: list[Entry]) -> None:
        for entry in charged:
            booked = self._errors.unscanned(entry, self.plan.hospital, self._next_id)
            if booked is not None:
                self.nobody.append(booked)
                lines, booked.lines = booked.lines, []
                for line in lines:
                    self._enter(booked, line)

    def _spoil_some(self) -> None:
        right = [each for each in self._out if b'"cancelled":false' in (each.value or b"")]
        for _ in range(BAD_LINES if right else 0):
            self._out.append(spoiled(self._chance.pick(right), self._next_id(), self._chance, self._at))
            self.records["refused:bad-event"] += 1

    def _book(self, entry: Entry) -> Booked:
        found = self.booked[entry.scan_id] = Booked(entry)
        return found

    def _line(self, entry: Entry, units: int | None, price: int) -> HisLine:
        assert units is not None  # noqa: S101 -- only of goods that are counted
        return line_of(entry, self.plan.hospital, self._next_id(), (units, price), self._chance)

    def _next_id(self) -> str:
        self._count += 1
        return f"L{self._count:08d}"

    def _enter(self, booked: Booked, line: HisLine) -> None:
        booked.lines.append(line)
        booked.due = booked.due or (line.quantity, line.price)
        if booked.entry is not None and booked.entry.verdict == "billed":
            booked.due = (booked.entry.left or 0, booked.entry.price)
        self._out.append(line.record(self._at))
        self.records["lines"] += 1

    def _cancel(self, booked: Booked) -> None:
        for line in booked.lines:
            self._out.append(line.record(self._at, cancelled=True))
            self.records["lines"] += 1
        booked.lines, booked.error, booked.due = [], None, None

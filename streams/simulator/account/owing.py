"""What suppliers are owed for the uses of their goods: settlement lines and statements, summed."""

from dataclasses import dataclass, field

from models.calendar import Month
from streams.simulator.account.entries import Entry, fen
from streams.simulator.hospital.goods import Unit


@dataclass(slots=True)
class Owing:
    """The lines so far. Amounts in fen, costs in 1/10,000 yuan a unit."""

    lines: dict[tuple[str, str, Month, str], list[int]] = field(default_factory=dict)
    """[units, fen] by (supplier, item, period, status)."""
    statements: dict[tuple[str, str, Month, int | None], list[int]] = field(default_factory=dict)
    """[used, returned, corrected, fen] by (supplier, item, period, cost); corrected is of uses of earlier periods, and
    of those whose cost was told since."""
    waiting: dict[str, list[Entry]] = field(default_factory=dict)
    """Uses by item code whose cost nobody has told."""

    def used(self, use: Entry, unit: Unit, period: Month) -> None:
        """Goods were used; nobody is owed for the hospital's own."""
        goods = unit.goods
        if not (goods.owned or use.of_set):
            return
        assert use.quantity is not None  # noqa: S101 -- goods that moved are counted
        use.settled, use.payable, use.owed_in = True, goods.cost, period
        if goods.cost is None:
            self.waiting.setdefault(goods.code, []).append(use)
        amount = fen(use.quantity, goods.cost or 0)
        self._line(unit, period, "payable" if goods.cost is not None else "cost-missing", use.quantity, amount)
        self._state(unit, period, goods.cost, (use.quantity, 0, 0, amount))

    def returned(self, use: Entry, unit: Unit, quantity: int, period: Month) -> None:
        """So many units come back."""
        cost, back = use.payable or 0, use.returned - use.returned_before
        owed = fen(back + quantity, cost) - fen(back, cost)
        self._line(unit, period, "reversal", quantity, owed)
        same = period == use.owed_in
        self._state(unit, period, use.payable, (0, quantity if same else 0, 0 if same else -quantity, -owed))

    def told(self, use: Entry, period: Month) -> None:
        """The cost of a use is known: what is left of its line is reversed, and payable at the cost."""
        unit, left = use.unit, use.left
        assert unit is not None and left is not None  # noqa: PT018, S101 -- what is owed was used
        self._line(unit, period, "reversal", left, 0)
        self._state(unit, period, None, (0, 0, -left, 0))
        use.payable, use.owed_in, use.returned_before = unit.goods.cost, period, use.returned
        amount = fen(left, unit.goods.cost or 0)
        self._line(unit, period, "payable", left, amount)
        self._state(unit, period, use.payable, (0, 0, left, amount))

    def _line(self, unit: Unit, period: Month, status: str, quantity: int, amount: int) -> None:
        sums = self.lines.setdefault((unit.supplier, unit.goods.code, period, status), [0, 0])
        sums[0] += quantity
        sums[1] += amount

    def _state(self, unit: Unit, period: Month, cost: int | None, parts: tuple[int, int, int, int]) -> None:
        sums = self.statements.setdefault((unit.supplier, unit.goods.code, period, cost), [0, 0, 0, 0])
        for place, part in enumerate(parts):
            sums[place] += part

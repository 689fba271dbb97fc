"""The windows that a cause is split from: what each department used of an item and its category, for how many cases."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from models.calendar import Month, shift
from models.monitoring.alert import Cell, Measure, Scope, ScopeMonth, ScopeType, UsageSums
from models.monitoring.cause import NO_CASELOAD, Caseload, Window
from rules.monitoring.causes.explaining import Both
from rules.monitoring.standings import TraitsOf

_Place = tuple[Scope, str, Month]


class CauseFacts:
    """Usage of whole categories with the discharges beside it, indexed for splitting."""

    def __init__(
        self, usage: Mapping[Cell, UsageSums], caseloads: Mapping[ScopeMonth, Caseload], traits_of: TraitsOf
    ) -> None:
        """Index what was gathered.

        Args:
            usage: Of every item of the categories concerned, in every scope, in all months concerned.
            caseloads: Of departments; one without an entry has no discharges.
            traits_of: What is known of items.
        """
        self._usage = usage
        self._caseloads = caseloads
        self._traits_of = traits_of
        self._categories: dict[_Place, int] = defaultdict(int)
        self._departments: dict[tuple[str, str, Month], set[Scope]] = defaultdict(set)
        for cell, sums in usage.items():
            category = self._category(cell)
            self._categories[cell.scope, category, cell.month] += sums.quantity
            if cell.scope.type is ScopeType.DEPARTMENT:
                self._departments[cell.scope.hospital, category, cell.month].add(cell.scope)

    def _category(self, cell: Cell) -> str:
        # An item without category is a category of its own; no category has the separator in its name.
        return self._traits_of(cell.scope.hospital, cell.item_code).category or f"\x00{cell.item_code}"

    def windows(self, cell: Cell, measure: Measure, months_back: Sequence[int]) -> list[Both]:
        """Both windows of every department of a hospital, and what was used in none; of another scope its own."""
        earlier = [shift(cell.month, -back) for back in months_back]
        if cell.scope.type is not ScopeType.HOSPITAL:
            return [self._both(cell, measure, earlier)]
        category = self._category(cell)
        scopes: set[Scope] = set()
        for month in (cell.month, *earlier):
            scopes |= self._departments[cell.scope.hospital, category, month]
        both = [self._both(cell._replace(scope=scope), measure, earlier) for scope in sorted(scopes)]
        rest = _less(self._both(cell, measure, earlier), both)
        return both if _empty(rest.before) and _empty(rest.after) else [*both, rest]

    def _both(self, cell: Cell, measure: Measure, earlier: Sequence[Month]) -> Both:
        after = self._window(cell, measure)
        months = [self._window(cell._replace(month=month), measure) for month in earlier]
        count = len(months)
        return Both(_sum(months), _sum([after] * count), count)

    def _window(self, cell: Cell, measure: Measure) -> Window:
        sums = self._usage.get(cell, UsageSums())
        category = self._categories.get((cell.scope, self._category(cell), cell.month), 0)
        caseload = self._caseloads.get(ScopeMonth(cell.scope, cell.month), NO_CASELOAD)
        return Window(caseload, category, sums.quantity, sums.of(measure))


def _sum(windows: Sequence[Window]) -> Window:
    if len(windows) == 1:
        return windows[0]
    weights = [each.caseload.weights for each in windows]
    known = [each for each in weights if each is not None]
    return Window(
        Caseload(
            # A month without discharges leaves the whole base without a caseload.
            sum(each.caseload.cases for each in windows) if all(each.caseload.cases for each in windows) else 0,
            sum(known) if len(known) == len(weights) and known else None,  # type: ignore[arg-type]
        ),
        sum(each.category_units for each in windows),
        sum(each.units for each in windows),
        sum(each.value for each in windows),
    )


def _less(whole: Both, parts: Sequence[Both]) -> Both:
    """What is in no department: nothing is known of its cases."""
    return Both(
        _rest(whole.before, [each.before for each in parts]),
        _rest(whole.after, [each.after for each in parts]),
        whole.months,
    )


def _rest(whole: Window, parts: Sequence[Window]) -> Window:
    return Window(
        NO_CASELOAD,
        whole.category_units - sum(each.category_units for each in parts),
        whole.units - sum(each.units for each in parts),
        whole.value - sum(each.value for each in parts),
    )


def _empty(window: Window) -> bool:
    return not (window.units or window.value)

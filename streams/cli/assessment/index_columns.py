"""What the columns of an index table are: the departments, indices and their directions, the outcome, what is none.

References:
    docs/assessment.md, "Index tables".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from models.assessment.indices import (
    CASES,
    COST_PER_WEIGHT,
    DEPARTMENT,
    IGNORED,
    RANKED,
    Direction,
    Index,
    known_index,
    plain,
)
from streams.cli.assessment.index_numbers import number_of, spread_of
from streams.cli.loading.grids import Cell, SheetError
from streams.cli.loading.sheets import SheetRow

_SAID: Final = re.compile(
    r"[(（\[【]\s*(benefit|cost|\+|-|＋|－|高优|低优|正向|负向|效益型?|成本型?|越大越好|越小越好)\s*[)）\]】]\s*$",
    re.IGNORECASE,
)
_BENEFITS: Final = frozenset({"benefit", "+", "＋", "高优", "正向", "效益", "效益型", "越大越好"})
_LOOKS_COST: Final = (
    "cost", "fee", "expense", "stay", "days", "mortality", "infection", "complication", "readmission", "consumable",
    "费", "住院日", "死亡", "感染", "并发症", "耗材", "再入院",
)  # fmt: skip
"""Words in the heading of an index that is none of the seven, of which less is better."""
_BRACKETS: Final = re.compile(r"[(（\[【\])）】]+")
_PER_CENT: Final = re.compile(r"[%％]")
_SPREADS: Final = {"SD": "a mean ± SD: the mean", "quartiles": "a median with quartiles: the median"}


@dataclass(slots=True)
class Columns:
    """What each column of a table is."""

    department: str
    """Heading of the column of names."""
    indices: list[tuple[str, Index]] = field(default_factory=list)
    """(column, index)."""
    cost_per_weight: str | None = None
    """Heading of the outcome; `None` when the table has none."""
    cases: str | None = None
    """Heading of the number of cases; `None` when the table has none."""
    per_cent: set[str] = field(default_factory=set)
    """Headings of the indices that are written as per cent without the sign in their cells."""
    remarks: list[str] = field(default_factory=list)
    """What a person should know of how headings were read."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the options say of columns, by their headings as `plain` gives them."""

    benefits: frozenset[str] = frozenset()
    """Columns of which more is better."""
    costs: frozenset[str] = frozenset()
    """Columns of which less is better."""
    ignored: frozenset[str] = frozenset()
    """Columns that are no index."""


def columns_of(headings: Sequence[str], rows: Sequence[SheetRow], said: Said, marks: frozenset[str]) -> Columns:
    """What each column is.

    Raises:
        SheetError: none has the departments, or none an index.
    """
    columns = Columns(_department(headings, rows, marks))
    for heading in headings:
        if heading != columns.department and heading:
            _add(columns, heading, [row.cells.get(heading) for row in rows], said, marks)
    if columns.indices:
        return columns
    if any(RANKED.search(plain(each)) for each in headings):
        raise SheetError(
            f"Expected at least one column with an index, got ranks: they say who is before whom, not by how much; "
            f"columns are {', '.join(map(repr, headings))}."
        )
    raise SheetError(f"Expected at least one column with an index, got {', '.join(map(repr, headings))}.")


def _department(headings: Sequence[str], rows: Sequence[SheetRow], marks: frozenset[str]) -> str:
    named = next((each for each in headings if plain(each) in DEPARTMENT), None)
    if named is not None:
        return named
    # A table without such a heading has its departments where every published table has them: in front.
    for heading in headings:
        cells = [cell for row in rows if (cell := row.cells.get(heading)) not in {None, ""}]
        if cells and not any(number_of(cell, marks) is not None for cell in cells):
            return heading
        if plain(heading) not in IGNORED:
            break
    raise SheetError(
        f"Expected a column `department` (科室) among the headings, got {', '.join(map(repr, headings)) or 'none'}."
    )


def _add(columns: Columns, heading: str, cells: Sequence[Cell], said: Said, marks: frozenset[str]) -> None:
    name, spoken = plain(heading), _SAID.search(heading)
    asked = Direction.BENEFIT if name in said.benefits else Direction.COST if name in said.costs else None
    free = asked is None and spoken is None
    numbers = [number for cell in cells if (number := number_of(cell, marks)) is not None]
    if name in said.ignored:
        columns.remarks.append(f"{heading!r} is left out, as asked")
    elif free and name in COST_PER_WEIGHT and columns.cost_per_weight is None:
        columns.cost_per_weight = heading
    elif free and name in CASES and columns.cases is None:
        columns.cases = heading
    elif free and name in IGNORED:
        columns.remarks.append(f"{heading!r} is no index and is left out")
    elif free and RANKED.search(name):
        columns.remarks.append(f"{heading!r} has ranks, no values, and is left out")
    elif not numbers:
        columns.remarks.append(f"{heading!r} has no number and is left out")
    else:
        _add_index(columns, heading, asked)
        _note_form(columns, heading, cells, max(numbers))


def _add_index(columns: Columns, heading: str, asked: Direction | None) -> None:
    spoken, known = _SAID.search(heading), known_index(heading)
    shown = heading[: spoken.start()].strip() if spoken else heading
    if asked is None and spoken is not None:
        asked = Direction.BENEFIT if spoken[1].lower() in _BENEFITS else Direction.COST
    if asked is None and known is None:
        asked = Direction.COST if any(word in plain(heading) for word in _LOOKS_COST) else Direction.BENEFIT
        columns.remarks.append(f"{heading!r} is taken for a {asked.value}; --benefit or --cost says otherwise")
    direction = asked or (known.direction if known else Direction.BENEFIT)
    keys = {each.key for _, each in columns.indices}
    code = known.code if known and known.code not in keys else None
    if code is None and plain(shown) in keys:
        # What stands in brackets is a unit, unless it is all that tells two columns apart.
        shown = " ".join(_BRACKETS.sub(" ", shown).split())
    columns.indices.append((heading, Index(shown, direction, code)))


def _note_form(columns: Columns, heading: str, cells: Sequence[Cell], greatest: float) -> None:
    """Note how the cells are written: as a mean with its spread, as per cent."""
    index = columns.indices[-1][1]
    for spread in dict.fromkeys(spread_of(cell) for cell in cells if isinstance(cell, str)):
        if spread:
            columns.remarks.append(f"{heading!r} has {_SPREADS[spread]} is taken")
    says = _PER_CENT.search(heading) is not None or index.known == "level4_share"
    if says and greatest > 1 and not any(_PER_CENT.search(str(cell)) for cell in cells):
        columns.per_cent.add(heading)
        columns.remarks.append(f"{heading!r} is read as per cent")

"""`udi assess`: departments judged by their indices, out of tables or out of the books."""

from dataclasses import replace
from pathlib import Path
from typing import Final, NoReturn

import numpy as np

from models.assessment.indices import Index, IndexTable, LeftOut, plain
from rules.assessment.assessing import Options, assess
from streams.cli.assessment.index_columns import Said
from streams.cli.assessment.index_file import Read, read_index_file, told_by
from streams.cli.assessment.shown_assessment import document, show
from streams.cli.connection import bad
from streams.cli.loading.grids import SheetError
from streams.cli.shown import print_json

_OTHER_UNIT: Final = 50
"""Times that a median is greater, from which the unit is asked about. Own choice: per cent is 100, half of it is left
for what the departments did."""


def said_of(benefits: list[str] | None, costs: list[str] | None, ignored: list[str] | None) -> Said:
    """What the options say of columns."""
    return Said(*(frozenset(plain(each) for each in names or ()) for names in (benefits, costs, ignored)))


def assess_files(indices: Path, against: Path | None, said: Said, options: Options, *, as_json: bool) -> int:
    """Judge the departments of a table, by itself or against an earlier one. Gives the exit status."""
    later = _read(indices, said, "after" if against else None)
    earlier = _read(against, said, "before") if against else None
    base = _spelt_as(later.table, earlier.table) if earlier else None
    try:
        found = assess(later.table, base, options)
    except ValueError as error:
        bad(f"{indices}: {error}{_reasons(later, earlier)}")
    reads = [each for each in (later, earlier) if each]
    left_out: list[LeftOut] = [each for read in reads for each in read.left_out]
    left_out += found.left_out
    remarks = list(dict.fromkeys(remark for read in reads for remark in read.remarks))
    remarks += _other_units(later.table, base) if base else []
    remarks.append("a table of indices has no cases, so ranks have no confidence sets")
    if as_json:
        print_json(document(found, left_out, remarks))
    else:
        show(found, left_out, remarks)
    return 0


def _read(file: Path, said: Said, window: str | None) -> Read:
    try:
        return read_index_file(file, said, window)
    except OSError as error:
        _no_file(file, error)
    except SheetError as error:
        bad(f"{file}: {error}")


def _spelt_as(later: IndexTable, earlier: IndexTable) -> IndexTable:
    """The earlier table with its departments spelt as in the later one."""
    spelt = {told_by(each): each for each in later.departments}
    return replace(earlier, departments=tuple(spelt.get(told_by(each), each) for each in earlier.departments))


def _other_units(later: IndexTable, earlier: IndexTable) -> list[str]:
    """Which indices are so much greater in one window that they may be in another unit: per cent, ten thousand yuan."""
    remarks = list[str]()
    before = {index.key: column for index, column in _medians(earlier)}
    for index, after in _medians(later):
        base = before.get(index.key, 0.0)
        if base and after and max(abs(after / base), abs(base / after)) >= _OTHER_UNIT:
            said = f"{index.name!r} goes from {base:g} to {after:g} in its median: is it in the same unit?"
            remarks.append(said)
    return remarks


def _medians(table: IndexTable) -> list[tuple[Index, float]]:
    if not table.departments:
        return []
    return list(zip(table.indices, map(float, np.median(np.array(table.values), axis=0)), strict=True))


def _no_file(file: Path, error: OSError) -> NoReturn:
    bad(f"Expected a file that can be read, got {file}: {error.strerror}.")


def _reasons(*reads: Read | None) -> str:
    first = [f"{each.department or each.index}: {each.reason}" for read in reads if read for each in read.left_out][:3]
    return f" Left out: {'; '.join(first)}." if first else ""

"""Bugs of counts to plant into faultless evidence, as in `planted`."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from tests.oracle.planted import Bug, Tables, Topics
from tests.oracle.values import SCANS


def _missed(tables: Tables) -> dict[str, Any]:
    """The move that books what a count did not find."""
    return next(row for row in tables["stock_moves"] if row["to_place"] == "adjustment")


def _balance(tables: Tables, move: Mapping[str, Any], units: int) -> None:
    """So many more on the shelf that the move leaves: what is shown of it is the sum of its moves again."""
    goods = ("owner", "item_code", "lot", "serial")
    row = next(
        row for row in tables["stock"]
        if row["store"] == move["from_place"] and all(row[column] == move[column] for column in goods)
    )  # fmt: skip
    row["quantity"] += units


def _book_a_difference_twice(tables: Tables, _: Topics) -> None:
    move = _missed(tables)
    tables["stock_moves"].append(dict(move))
    _balance(tables, move, -move["quantity"])


def _book_no_difference(tables: Tables, topics: Topics) -> None:
    """Nobody publishes it, so that no book knows of it; the books agree with each other."""
    move = _missed(tables)
    tables["stock_moves"].remove(move)
    _balance(tables, move, move["quantity"])
    for view in ("scans", "verdicts"):
        tables[view] = [row for row in tables[view] if row["scan_id"] != move["scan_id"]]
    name = str(move["scan_id"]).encode()
    topics[SCANS] = [record for record in topics[SCANS] if name not in (record.value or b"")]


def _book_a_difference_by_two_scans(tables: Tables, topics: Topics) -> None:
    name = str(_missed(tables)["scan_id"]).encode()
    record = next(record for record in topics[SCANS] if name in (record.value or b""))
    event = json.loads(record.value or b"") | {"scan_id": "another"}
    topics[SCANS].append(replace(record, value=json.dumps(event).encode()))


def _count_a_resent_scan_twice(tables: Tables, _: Topics) -> None:
    row = next(row for row in tables["counts"] if row["expected"] == row["counted"])
    row["counted"] *= 2


LINES: Final = "a_posted_count_says_what_was_counted"
BUGS_OF_COUNTS: Final[tuple[tuple[str, str, Bug], ...]] = (
    ("a line of a count stands twice", LINES, lambda t, _: t["counts"].append(t["counts"][0])),
    ("a line of a count is lost", LINES, lambda t, _: t["counts"].remove(t["counts"][0])),
    ("a resent scan counts twice", LINES, _count_a_resent_scan_twice),
    ("a difference is not booked", "every_difference_of_a_count_is_booked", _book_no_difference),
    (
        "a shelf keeps what a count missed",
        "a_counted_shelf_holds_what_was_counted_and_moved_since",
        _book_no_difference,
    ),
    (
        "a shelf gives what a count missed twice",
        "a_counted_shelf_holds_what_was_counted_and_moved_since",
        _book_a_difference_twice,
    ),
    ("a difference is booked by one scan twice", "every_scan_moves_what_it_says_and_once", _book_a_difference_twice),
    (
        "a difference is booked by two scans",
        "the_inputs_hold_what_was_sent_and_nothing_else",
        _book_a_difference_by_two_scans,
    ),
)
"""What the bug is, the invariant that must find it, and how it is planted."""

"""The odd inputs: each is the usual one (`ward`) with one thing changed, or bytes that nobody can read.

References:
    docs/performance.md, "Odd input".
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from benchmarks import ward
from benchmarks.steps import RECORDED_AT, uses
from models.udi.canonical import gs1_element_string, gtin
from streams.lanes.told import Record

Event = dict[str, Any]
"""A scan event as it is sent."""
LARGE_CATALOGUE: Final = 200_000
"""Items of a large hospital's catalogue, with those it bought once."""
DEEP: Final = 900
"""How deep a poison record's list is nested: further than Python's own parser goes by itself."""


@dataclass(frozen=True, slots=True)
class Odd:
    """An input and the books it comes to."""

    name: str
    records: Callable[[int, int], list[Record]]
    """Makes so many records from a number on."""
    items: int = ward.ITEMS
    """Of the catalogue."""
    endless: bool = False
    """Whatever is remembered of it would grow: it goes on for long, and memory is watched."""


def _changed(change: Callable[[Event, int], None]) -> Callable[[int, int], list[Record]]:
    def records(first: int, count: int) -> list[Record]:
        return list(_records(first, count, change))

    return records


def _records(first: int, count: int, change: Callable[[Event, int], None]) -> Iterator[Record]:
    for number, (_, value) in enumerate(ward.uses(count, first), first):
        event = orjson.loads(value)
        change(event, number)
        key = f"{ward.HOSPITAL}/{event['encounter']}".encode()
        yield Record(number, RECORDED_AT, key, orjson.dumps(event))


def _hot_encounter(event: Event, number: int) -> None:
    event["encounter"] = f"E{number // 5_000 % ward.ENCOUNTERS_COUNT}"


def _one_store(event: Event, _: int) -> None:
    event["store"] = "OR-0"


def _unknown(event: Event, number: int) -> None:
    event["codes"] = ["]d2" + gs1_element_string(gtin(f"068{number:010d}"), "L1", f"SN{number:09d}")]


def _of_a_large_catalogue(event: Event, number: int) -> None:
    item = number * 7_919 % LARGE_CATALOGUE
    event["codes"] = ["]d2" + gs1_element_string(ward.di(item), f"L{number % 7}", f"SN{number:09d}")]


_SPOILT: Final[tuple[Callable[[bytes], bytes], ...]] = (
    lambda value: value[: len(value) // 2],
    lambda value: value + value,
    lambda value: value[:-1] + b',"hospital":"H2"}',
    lambda value: value.replace(b'"use"', b'"\xff\xfe"'),
    lambda value: value.replace(b'"hospital"', b'"hopsital"'),
    lambda value: value.replace(b'"quantity":1', b'"quantity":NaN'),
    lambda value: value.replace(b'"codes":[', b'"codes":[' + b"[" * DEEP + b"]" * DEEP + b","),
    lambda value: value.replace(b'"codes":[', b'"codes":[' + b'"x",' * 500),
)
"""Cut off, twice, a key twice, no UTF-8, a field's name mistyped, no number, nested, and too long a list."""


def _poison(first: int, count: int) -> list[Record]:
    return [
        Record(number, RECORDED_AT, key, _SPOILT[number % len(_SPOILT)](value))
        for number, (key, value) in enumerate(ward.uses(count, first), first)
    ]


USUAL: Final = Odd("the usual", uses)
ODD: Final = (
    Odd("a thousand poison records a batch", _poison),
    Odd("5,000 scans of one encounter after another", _changed(_hot_encounter)),
    Odd("one store for all scans", _changed(_one_store)),
    Odd("a catalogue of 200,000 items", _changed(_of_a_large_catalogue), items=LARGE_CATALOGUE),
    Odd("no two scans of one identifier, all unknown", _changed(_unknown), endless=True),
)

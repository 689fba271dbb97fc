"""Identifiers of the national database get into the items that have one of them, in the hospital's own units."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import pytest

from models.catalogue.item import LabelPart
from models.catalogue.udid import Packing, UdidDevice
from models.udi import Issuer
from rules.catalogue.udid_merging import Fate, Merge
from tests.support.builders import body as as_bytes
from tests.support.builders import gtin, item

USE, SALES, BOX, CASE = "06900000000011", "06900000000028", "16900000000025", "26900000000022"


def device(**changes: Any) -> UdidDevice:
    """Ten use units in a sales unit, five of those in a box, four boxes in a case; the list is not in order."""
    fields: dict[str, Any] = {
        "row": 1, "issuer": Issuer.GS1, "sales_unit": SALES, "use_unit": USE, "units": 10, "direct_mark": None,
        "name": "支架", "registrant": "某公司", "insurance_code": "C0344051070500007551",
        "packings": (Packing(CASE, BOX, 4), Packing(BOX, SALES, 5)),
    }  # fmt: skip
    return UdidDevice(**fields | changes)


def items(*identifiers: tuple[str, int | None], code: str = "STENT", **changes: Any) -> dict[str, Any]:
    listed = [{"issuer": "GS1", "di": di, "units_per_package": units} for di, units in identifiers]
    return item(item_code=code, identifiers=listed) | changes


class Merged(NamedTuple):
    """What a merge of several devices has come to."""

    items: dict[str, dict[str, Any]]
    added: int
    completed: int
    unbound: list[UdidDevice]
    conflicts: list[tuple[UdidDevice, str]]


def merged(*bodies: dict[str, Any], of: Sequence[UdidDevice] = ()) -> Merged:
    merge = Merge(map(as_bytes, bodies))
    devices = of or [device()]
    found = [(each, *merge.add(each)) for each in devices]
    unbound = [each for each, fate, _ in found if fate is Fate.UNBOUND]
    conflicts = [(each, why) for each, fate, why in found if fate is Fate.CONFLICT]
    return Merged(merge.items, merge.added, merge.completed, unbound, conflicts)


def sizes(result: Merged) -> dict[str, int | None]:
    return {each["di"]: each["units_per_package"] for each in result.items["STENT"]["identifiers"]}


def test_every_level_is_in_units_of_use() -> None:
    assert device().levels() == {USE: 1, SALES: 10, BOX: 50, CASE: 200}
    assert device(units=None).levels() == {USE: 1, SALES: None, BOX: None, CASE: None}
    assert device(packings=(Packing(CASE, "26999999999999", 4),)).levels() == {USE: 1, SALES: 10, CASE: None}


def test_an_item_gains_the_other_identifiers_of_its_device() -> None:
    result = merged(items((USE, 1)))

    assert sizes(result) == {USE: 1, SALES: 10, BOX: 50, CASE: 200}
    assert (result.added, result.completed, result.items["STENT"]["maker"]) == (3, 0, "某公司")
    assert result.items["STENT"]["insurance_code"] == "C0344051070500007551"


def test_what_the_hospital_has_said_itself_stays() -> None:
    result = merged(items((USE, 1), (SALES, 10), maker="ours", insurance_code="C1"))

    assert (result.items["STENT"]["maker"], result.items["STENT"]["insurance_code"]) == ("ours", "C1")


def test_units_are_the_hospitals() -> None:
    """This hospital charges by the sales unit."""
    assert sizes(merged(items((SALES, 1)))) == {SALES: 1, USE: None, BOX: 5, CASE: 20}


def test_a_size_nobody_knew_is_filled_in() -> None:
    result = merged(items((USE, 1), (BOX, None)))
    assert (sizes(result)[BOX], result.added, result.completed) == (50, 2, 1)


def test_an_identifier_that_only_got_its_flags_is_none_that_was_gained() -> None:
    """Nor one that a device of which nothing was taken would have brought."""
    of = device(use_unit=None, packings=(Packing(BOX, SALES, 5),), carries=frozenset({LabelPart.LOT}))
    result = merged(items((SALES, 1)), of=[of, of])
    assert (sizes(result), result.added, result.completed) == ({SALES: 1, BOX: 5}, 1, 1)
    refused = merged(items((SALES, 1), prices=[{"price": "-1"}]), of=[of])
    assert (refused.added, refused.completed, len(refused.conflicts)) == (0, 0, 1)


def test_other_sizes_and_two_items_are_named_and_left_alone() -> None:
    other = merged(items((SALES, 10), (BOX, 60)))
    two = merged(items((USE, 1)), items((SALES, 10), code="OTHER"))

    assert (other.items, two.items) == ({}, {})
    assert "got other sizes" in other.conflicts[0][1]
    assert "OTHER, STENT have its identifiers" in two.conflicts[0][1]


@pytest.mark.parametrize("issuer", [Issuer.MA, Issuer.AHM])
def test_a_device_of_another_issuer_is_another_device(issuer: Issuer) -> None:
    assert merged(items((USE, 1)), of=[device(issuer=issuer)]).unbound == [device(issuer=issuer)]


def test_an_identifier_with_fewer_digits_is_the_same_and_gets_the_form_of_a_scan() -> None:
    short = gtin(6_900_000_000_01)[1:]
    of = device(use_unit=f"0{short}", packings=())

    assert sizes(merged(items((short, 1)), of=[of])) == {f"0{short}": 1, SALES: 10}


def test_two_items_never_get_one_identifier() -> None:
    """Both devices name the same case; the first one's item has it then."""
    second = device(row=2, sales_unit="06900000000045", use_unit=None, packings=(Packing(CASE, "06900000000045", 20),))

    result = merged(items((USE, 1)), items(("06900000000045", 10), code="OTHER"), of=[device(), second])

    assert list(result.items) == ["STENT"]
    assert result.conflicts == [(second, "expected one item, OTHER, STENT have its identifiers")]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"packings": (Packing(CASE, SALES, 100_000),)}, "Expected at most 100000"),
        ({"packings": tuple(Packing(str(number), SALES, 1) for number in range(60))}, "at most 50"),
    ],
)
def test_what_no_item_can_hold_is_named_and_left_alone(changes: dict[str, Any], said: str) -> None:
    of = device(**changes)

    result = merged(items((USE, 1)), of=[of])

    assert result.items == {}
    assert [each for each, _ in result.conflicts] == [of]
    assert said in result.conflicts[0][1]


@pytest.mark.parametrize("code", ["无", "C0344051070500007551,C0344051070500007552"])
def test_an_insurance_code_that_is_none_is_not_filled_in(code: str) -> None:
    result = merged(items((USE, 1)), of=[device(insurance_code=code)])

    assert "insurance_code" not in result.items["STENT"]


def test_what_the_database_alone_knows_follows_it() -> None:
    carries = (LabelPart.LOT, LabelPart.EXPIRY)
    first = merged(items((USE, 1)), of=[device(carries=carries, withdrawn_on=date(2022, 5, 1))]).items["STENT"]
    listed = {each["di"]: (each.get("carries"), each.get("withdrawn_on")) for each in first["identifiers"]}
    assert listed[SALES] == (["lot", "expiry"], "2022-05-01")
    assert {listed[di] for di in (USE, BOX, CASE)} == {(None, "2022-05-01")}

    again = merged(first, of=[device(carries=())]).items["STENT"]
    listed = {each["di"]: (each.get("carries"), each.get("withdrawn_on")) for each in again["identifiers"]}
    assert listed == {SALES: ([], None), USE: (None, None), BOX: (None, None), CASE: (None, None)}


def test_an_item_that_has_everything_is_not_touched() -> None:
    of = device(carries=(LabelPart.LOT,), withdrawn_on=date(2022, 5, 1))
    done = merged(items((USE, 1)), of=[of]).items["STENT"]

    assert merged(done, of=[of, of]) == Merged({}, 0, 0, [], [])

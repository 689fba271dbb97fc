"""Identifiers of the national database get into the items that have one of them, in the hospital's own units."""

from typing import Any

import pytest

from models.udi import Issuer
from models.udid import Packing, UdidDevice
from rules.udid_merging import Merged, merge

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
    return {"item_code": code, "identifiers": listed} | changes


def merged(*bodies: dict[str, Any], of: UdidDevice | None = None) -> Merged:
    claims: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for item in bodies:
        for each in item["identifiers"]:
            claims.setdefault((each["issuer"], each["di"]), []).append(item)
    return merge([of or device()], claims)


def sizes(result: Merged) -> dict[str, int | None]:
    return {each["di"]: each["units_per_package"] for each in result.items["STENT"]["identifiers"]}


def test_every_level_is_in_units_of_use() -> None:
    assert device().levels() == {USE: 1, SALES: 10, BOX: 50, CASE: 200}
    assert device(units=None).levels() == {USE: 1, SALES: None, BOX: None, CASE: None}
    assert device(packings=(Packing(CASE, "26999999999999", 4),)).levels() == {USE: 1, SALES: 10, CASE: None}


def test_an_item_gains_the_other_identifiers_of_its_device() -> None:
    result = merged(items((USE, 1)))

    assert sizes(result) == {USE: 1, SALES: 10, BOX: 50, CASE: 200}
    assert (result.added, result.items["STENT"]["maker"]) == (3, "某公司")
    assert result.items["STENT"]["insurance_code"] == "C0344051070500007551"


def test_what_the_hospital_has_said_itself_stays() -> None:
    result = merged(items((USE, 1), (SALES, 10), maker="ours", insurance_code="C1"))

    assert (result.items["STENT"]["maker"], result.items["STENT"]["insurance_code"]) == ("ours", "C1")


def test_units_are_the_hospitals() -> None:
    """This hospital charges by the sales unit."""
    assert sizes(merged(items((SALES, 1)))) == {SALES: 1, USE: None, BOX: 5, CASE: 20}


def test_a_size_nobody_knew_is_filled_in() -> None:
    assert sizes(merged(items((USE, 1), (BOX, None))))[BOX] == 50


def test_other_sizes_and_two_items_are_named_and_left_alone() -> None:
    other = merged(items((SALES, 10), (BOX, 60)))
    two = merged(items((USE, 1)), items((SALES, 10), code="OTHER"))

    assert (other.items, two.items) == ({}, {})
    assert "got other sizes" in other.conflicts[0][1]
    assert "OTHER, STENT have its identifiers" in two.conflicts[0][1]


@pytest.mark.parametrize("issuer", [Issuer.MA, Issuer.AHM])
def test_a_device_of_another_issuer_is_another_device(issuer: Issuer) -> None:
    assert merged(items((USE, 1)), of=device(issuer=issuer)).unbound == [device(issuer=issuer)]

"""What is doubtful in a catalogue is found and named."""

from datetime import date
from typing import Any

import pytest

from models.catalogue.item import CatalogueItem
from rules.catalogue.checks import check_item, check_together
from tests.support.builders import DI, body, item, price

TODAY = date(2022, 6, 3)
ALWAYS = price("1.00", None, None)
SOUND: dict[str, Any] = {"prices": [ALWAYS], "insurance_code": "C0344051070500007551"}


def made(**changes: Any) -> CatalogueItem:
    return CatalogueItem.model_validate_json(body(item(**SOUND | changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"insurance_code": "C03440510705000075510000123"},
        {"insurance_code": None},
        {"prices": [price("1.00", None, "2022-01-01"), price("2.00", "2022-01-01", None)]},
        {"chargeable": False, "prices": []},
        {"licence_valid_to": "2022-06-03"},
        {"owner": "supplier", "supplier": "S1", "cost": [{"cost": "1.00"}]},
        {"identifiers": [{"issuer": "internal", "di": "HOUSE-7", "units_per_package": 10}]},
    ],
)
def test_a_sound_item_has_no_findings(changes: dict[str, Any]) -> None:
    assert check_item(made(**changes), TODAY) == []


@pytest.mark.parametrize(
    ("changes", "check", "said"),
    [
        ({"insurance_code": "C034405107050000755"}, "insurance-code", "(19 characters)"),
        ({"insurance_code": "A0344051070500007551"}, "insurance-code", "got 'A0344051070500007551'"),
        (
            {"prices": [price("1.00", None, "2022-03-01"), price("2.00", "2022-02-01", None)]},
            "price-overlap",
            "two hold from 2022-02-01 to 2022-03-01",
        ),
        (
            {"prices": [price("1.00", None, "2022-02-01"), price("2.00", "2022-03-01", None)]},
            "price-gap",
            "none holds from 2022-02-01 to 2022-03-01",
        ),
        ({"prices": []}, "no-price", "its uses are parked"),
        ({"licence_valid_to": "2022-06-02"}, "licence-expired", "2022-06-02"),
        (
            {"identifiers": [{"issuer": "GS1", "di": DI[:-1] + "9", "units_per_package": 1}]},
            "check-digit",
            "a right check digit",
        ),
        (
            {"identifiers": [{"issuer": "GS1", "di": "6901234567892", "units_per_package": 1}]},
            "identifier-form",
            "expected 06901234567892 as a scan gives it",
        ),
        ({"identifiers": [{"issuer": "GS1", "di": DI}]}, "package-unknown", f"the units in {DI}"),
        ({"owner": "supplier", "supplier": "S1"}, "cost-missing", "no amount"),
    ],
)
def test_each_doubt_has_its_name(changes: dict[str, Any], check: str, said: str) -> None:
    found = check_item(made(**changes), TODAY)

    assert [each.check for each in found] == [check]
    assert said in found[0].text


def test_an_identifier_of_two_items_is_found_at_both() -> None:
    found = check_together([made(), made(item_code="OTHER"), made(item_code="THIRD", identifiers=[])])

    assert sorted((each.item_code, each.check) for each in found) == [
        ("OTHER", "identifier-claimed-twice"),
        ("OTHER", "identifier-claimed-twice"),
        ("SCREW", "identifier-claimed-twice"),
        ("SCREW", "identifier-claimed-twice"),
    ]


@pytest.mark.parametrize(
    ("bundles", "said"),
    [
        ({"A": "NONE"}, "expected an item of the catalogue, got 'NONE'"),
        ({"A": "B", "B": "A"}, "A > B > A"),
        ({"A": "FREE"}, "FREE is not"),
    ],
)
def test_a_bundle_ends_at_a_chargeable_item(bundles: dict[str, str], said: str) -> None:
    items = [
        made(item_code=code, identifiers=[], bundled_into=bundles.get(code), chargeable=code != "FREE")
        for code in ("A", "B", "FREE")
    ]
    found = check_together(items)

    # What is free, and part of no other item, is none of it.
    assert {each.item_code for each in found} == set(bundles)
    assert any(each.item_code == "A" and each.check == "bundle" and said in each.text for each in found)
    assert check_together([made(item_code="A", bundled_into="B", identifiers=[]), made(item_code="B")]) == []

"""The catalogue as cached: newest versions, who claims an identifier, and what a record of it may not say."""

from typing import Any

import pytest

from models.catalogue.item import read_item
from models.charging.encounter import read_encounter
from models.charging.snapshot import Catalogue
from models.reasons import Reason
from models.wire.strict_json import Refusal
from tests.support.builders import BOX, DI, HOSPITAL, body, catalogue_of, encounter, gtin, item, item_of, price


def test_the_newest_version_of_an_item_counts_whatever_the_order() -> None:
    newer, older = item_of(item(name="new"), 7), item_of(item(name="old"), 3)
    catalogue = Catalogue()
    catalogue.put([newer], 7)
    catalogue.put([older], 3)

    assert (catalogue.item(HOSPITAL, "SCREW"), catalogue.version, len(catalogue)) == (newer, 7, 1)
    assert catalogue.claims(HOSPITAL, "GS1", DI) == ((newer, 1),)


def test_an_identifier_given_up_is_claimed_no_more() -> None:
    catalogue = catalogue_of(item())
    catalogue.put([item_of(item(identifiers=[{"issuer": "GS1", "di": DI, "units_per_package": 1}]), 2)], 2)

    assert catalogue.claims(HOSPITAL, "GS1", BOX) == ()


def test_an_identifier_of_two_items_is_claimed_by_both() -> None:
    catalogue = catalogue_of(item(), item(item_code="TWIN"))

    assert [each.item_code for each, _ in catalogue.claims(HOSPITAL, "GS1", DI)] == ["SCREW", "TWIN"]


def test_hospitals_and_issuers_do_not_share_identifiers() -> None:
    catalogue = catalogue_of(item())

    assert (catalogue.claims("H2", "GS1", DI), catalogue.claims(HOSPITAL, "HIBCC", DI)) == ((), ())


def test_the_unit_of_use_is_known_by_the_identifier_with_one_unit() -> None:
    boxed = item(
        identifiers=[
            {"issuer": "GS1", "di": BOX, "units_per_package": 5},
            {"issuer": "GS1", "di": DI, "units_per_package": 1},
        ]
    )

    assert item_of(boxed).unit_identifier == ("GS1", DI)
    assert item_of(item(identifiers=[])).unit_identifier == ("internal", "SCREW")


@pytest.mark.parametrize(
    "changes",
    [
        {"prices": [price("-1.00")]},
        {"prices": [price("0.00001")]},
        {"prices": [price("1.00", "2022-01-02", "2022-01-02")]},
        {"prices": [price("1.00") | {"currency": "USD"}]},
        {"cost": [{"cost": "x"}]},
        {"owner": "supplier"},
        {"class": "III", "identifiers": []},
        {"class": "IV"},
        {"identifiers": [{"issuer": "GS1", "di": DI, "units_per_package": 0}]},
        {"identifiers": [{"issuer": "EAN", "di": DI}]},
        {"tracking": "batch"},
        {"chargeable": "yes"},
        {"hospital": ""},
    ],
)
def test_an_item_that_contradicts_itself_is_refused(changes: dict[str, Any]) -> None:
    read = read_item(None, body(item(**changes)))

    assert isinstance(read, Refusal)
    assert read.reason is Reason.BAD_EVENT


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"prices": [price("1.00", "2022-01-01", "2022-01-02")]},
        {"prices": [price("0.0001", None, None)]},
        {"owner": "supplier", "supplier": "S9"},
        {"class": "III"},
        {"identifiers": [{"issuer": "GS1", "di": gtin(1), "units_per_package": 1}]},
        {"unheard": "of"},
    ],
)
def test_an_item_on_the_right_side_of_each_edge_is_read(changes: dict[str, Any]) -> None:
    read = read_item(b"H1/SCREW", body(item(**changes)))

    assert not isinstance(read, Refusal)


def test_an_encounter_is_discharged_after_its_admission() -> None:
    admitted = "2022-06-01T00:00:00+08:00"

    assert not isinstance(read_encounter(None, body(encounter(discharged_at=admitted))), Refusal)
    early = read_encounter(None, body(encounter(discharged_at="2022-05-31T23:59:59+08:00")))
    assert isinstance(early, Refusal)


@pytest.mark.parametrize("read", [read_item, read_encounter])
def test_a_key_that_names_another_thing_is_refused(read: Any) -> None:
    record = item() if read is read_item else encounter()

    refused = read(b"H1/OTHER", body(record))

    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.KEY_MISMATCH

"""Each move of goods as an event that the schema of EPCIS 2.0 takes."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from models.calendar import ZONE_DEFAULT
from models.scan.event import Action
from sinks.messages.epcis import CONTEXT, VERSION, Move, events_of
from tests.support.epcis import faults_of

AT = datetime(2022, 6, 3, 4, 0, tzinfo=UTC)
USE = Move(
    UUID(int=1), UUID(int=9), 0, "H1", "use", "OR-2", "patient", False, "SCREW", "GS1", "07032069804988", "L1", None,
    2, 1, AT, AT, None, "E1",
)  # fmt: skip
RECEIPT = replace(USE, action="receive", from_place="supplier", to_place="OR-2", encounter=None, document="N 1/a")


def document(*events: dict[str, Any]) -> dict[str, Any]:
    return {
        "@context": CONTEXT, "type": "EPCISDocument", "schemaVersion": VERSION, "creationDate": "2022-06-03T00:00:00Z",
        "epcisBody": {"eventList": list(events)},
    }  # fmt: skip


def event(move: Move) -> dict[str, Any]:
    [found] = events_of([move], ZONE_DEFAULT)
    assert faults_of(document(found)) == []
    return found


def test_a_use_joins_the_goods_to_the_encounter_and_names_nobody() -> None:
    assert event(USE) == {
        "type": "TransactionEvent", "eventID": "urn:uuid:00000000-0000-0000-0000-000000000001",
        "eventTime": "2022-06-03T04:00:00.000Z", "recordTime": "2022-06-03T04:00:00.000Z",
        "eventTimeZoneOffset": "+08:00", "action": "ADD", "bizStep": "dispensing", "disposition": "dispensed",
        "bizTransactionList": [{"bizTransaction": "urn:x-udistream:encounter:H1:E1"}],
        "quantityList": [{"epcClass": "https://id.gs1.org/01/07032069804988/10/L1", "quantity": 2}],
        "readPoint": {"id": "urn:x-udistream:location:H1:OR-2"},
    }  # fmt: skip
    back = event(replace(USE, action="return", from_place="patient", to_place="OR-2"))
    assert (back["type"], back["action"], back["disposition"]) == ("TransactionEvent", "DELETE", "returned")
    assert event(replace(USE, encounter=None))["type"] == "ObjectEvent"


@pytest.mark.parametrize(
    ("changes", "action", "step", "disposition"),
    [
        ({"action": "receive", "from_place": "supplier", "to_place": "OR-2"}, "OBSERVE", "receiving", "in_progress"),
        ({"action": "receive", "from_place": "supplier", "to_place": "quarantine/OR-2"},
         "OBSERVE", "receiving", "unavailable"),
        ({"action": "transfer", "to_place": "OR-3"}, "OBSERVE", "storing", "available"),
        ({"action": "transfer", "to_place": "in-transit/OR-3"}, "OBSERVE", "shipping", "in_transit"),
        ({"action": "accept", "from_place": "in-transit/OR-2", "to_place": "OR-2"},
         "OBSERVE", "receiving", "available"),
        ({"action": "lend", "to_place": "lent/OR-3"}, "OBSERVE", "accepting", "available"),
        ({"action": "missing", "to_place": "adjustment", "document": "C-1"}, "OBSERVE", "stock_taking", "unknown"),
        ({"action": "found", "from_place": "adjustment", "to_place": "OR-2"}, "OBSERVE", "stock_taking", "available"),
        ({"action": "give-back", "from_place": "lent/OR-3", "to_place": "OR-2"}, "OBSERVE", "accepting", "returned"),
        ({"action": "quarantine", "to_place": "quarantine/OR-2"}, "OBSERVE", "holding", "unavailable"),
        ({"action": "clear", "from_place": "quarantine/OR-2", "to_place": "OR-2"},
         "OBSERVE", "inspecting", "conformant"),
        ({"action": "waste", "to_place": "waste"}, "DELETE", "destroying", "disposed"),
        ({"action": "opened", "to_place": "waste"}, "DELETE", "destroying", "disposed"),
    ],
)  # fmt: skip
def test_each_action_has_its_step(changes: dict[str, Any], action: str, step: str, disposition: str) -> None:
    found = event(replace(USE, encounter=None, **changes))
    assert (found["type"], found["action"]) == ("ObjectEvent", action)
    assert (found["bizStep"], found["disposition"]) == (step, disposition)


def test_every_action_that_moves_goods_has_a_step() -> None:
    """A count moves nothing, and what is identified anew moves by the scan that takes its place."""
    for action in set(Action) - {Action.COUNT, Action.IDENTIFY}:
        assert event(replace(RECEIPT, action=action.value, from_place="A", to_place="B"))["bizStep"]


def test_a_note_is_the_announcement_of_its_goods_and_blanks_are_quoted() -> None:
    found = event(RECEIPT)
    assert found["bizTransactionList"] == [
        {"type": "desadv", "bizTransaction": "urn:x-udistream:document:H1:N%201%2Fa"}
    ]
    assert found["bizLocation"] == {"id": "urn:x-udistream:location:H1:OR-2"}


@pytest.mark.parametrize(
    ("changes", "goods"),
    [
        ({"serial": "S/1"}, {"epcList": ["https://id.gs1.org/01/07032069804988/21/S%2F1"]}),
        ({"lot": None}, {"quantityList": [{"epcClass": "https://id.gs1.org/01/07032069804988", "quantity": 2}]}),
        ({"units": 10, "units_per_package": 5},
         {"quantityList": [{"epcClass": "https://id.gs1.org/01/07032069804988/10/L1", "quantity": 2}]}),
        ({"units": 3, "units_per_package": 5},
         {"quantityList": [{"epcClass": "https://id.gs1.org/01/07032069804988/10/L1", "quantity": 0.6}]}),
        ({"issuer": "MA", "di": "MA.156.M0.1"},
         {"quantityList": [{"epcClass": "urn:x-udistream:di:MA:MA.156.M0.1:10:L1", "quantity": 2}]}),
        ({"issuer": None, "di": None, "lot": None},
         {"quantityList": [{"epcClass": "urn:x-udistream:item:H1:SCREW", "quantity": 2}]}),
    ],
)  # fmt: skip
def test_goods_are_named_by_their_identifier_and_counted_in_its_packages(
    changes: dict[str, Any], goods: dict[str, Any]
) -> None:
    found = event(replace(USE, **changes))
    assert {name: value for name, value in found.items() if name in {"epcList", "quantityList"}} == goods


def test_a_correction_declares_the_event_that_was_not_so() -> None:
    later = datetime(2022, 6, 4, tzinfo=UTC)
    back = replace(
        USE, move_id=UUID(int=2), n=1, from_place="patient", to_place="OR-2", takes_back=True, decided_at=later
    )
    anew = replace(USE, move_id=UUID(int=3), n=2, units=1)
    first, declared, instead = events_of([USE, back, anew], ZONE_DEFAULT)

    said = declared.pop("errorDeclaration")
    assert declared == first
    assert said == {
        "declarationTime": "2022-06-04T00:00:00.000Z", "reason": "incorrect_data",
        "correctiveEventIDs": [instead["eventID"]],
    }  # fmt: skip
    *_, gone = events_of([USE, back], ZONE_DEFAULT)
    assert gone["errorDeclaration"] == {"declarationTime": "2022-06-04T00:00:00.000Z", "reason": "did_not_occur"}
    assert faults_of(document(first, declared | {"errorDeclaration": said}, instead, gone)) == []


def test_a_correction_by_another_scan_names_what_of_it_stands() -> None:
    back = replace(USE, n=1, from_place="patient", to_place="OR-2", takes_back=True, instead=(UUID(int=5), UUID(int=6)))
    _, declared = events_of([USE, back], ZONE_DEFAULT)
    assert declared["errorDeclaration"] == {
        "declarationTime": "2022-06-03T04:00:00.000Z", "reason": "incorrect_data",
        "correctiveEventIDs": [f"urn:uuid:{UUID(int=5)}", f"urn:uuid:{UUID(int=6)}"],
    }  # fmt: skip
    # What the scan itself has moved anew stands in the place of it.
    anew = replace(USE, move_id=UUID(int=3), n=2)
    _, declared, _ = events_of([USE, back, anew], ZONE_DEFAULT)
    assert declared["errorDeclaration"]["correctiveEventIDs"] == [f"urn:uuid:{UUID(int=3)}"]


def test_the_schema_refuses_what_is_no_event() -> None:
    """The schema at hand does find faults: a word that the vocabulary lacks, a time zone, a blank in a name."""
    good = event(USE)
    for fault in (
        {"bizStep": "using"},
        {"eventTimeZoneOffset": "8"},
        {"readPoint": {"id": "urn:x:a b"}},
        {"patient": "P"},
    ):
        assert faults_of(document(good | fault)) != [], fault

"""Which units a recall means: a case on either side of every edge."""

from datetime import date
from typing import Any

import pytest
from msgspec import structs

from models.charging.books import LabelFacts
from models.stock.recall import Recall, RecallLine, Recalls
from rules.stock.recall_matching import Match, UnitFacts, match, recalled
from tests.support.builders import DI, body
from tests.support.recalls import recall

DAY = date(2022, 6, 3)
NO, POSSIBLE, CERTAIN = Match.NO, Match.POSSIBLE, Match.CERTAIN


def line(**given: Any) -> RecallLine:
    return RecallLine.model_validate_json(body({"issuer": "GS1", "di": DI} | given))


def unit(
    lot: str | None = "L1", serial: str | None = None, expiry: date | None = None, production: date | None = None
) -> UnitFacts:
    return UnitFacts(lot, serial, expiry, production)


@pytest.mark.parametrize(
    ("given", "of", "expected"),
    [
        ({}, unit(), CERTAIN),
        ({}, unit(lot=None), CERTAIN),
        ({"lots": ["L1", "L2"]}, unit("L2"), CERTAIN),
        ({"lots": ["L1"]}, unit("L3"), NO),
        ({"lots": ["L1"]}, unit(None), POSSIBLE),
        ({"lots": ["l 1"]}, unit("L1"), CERTAIN),
        ({"serials": ["S1"]}, unit(serial="S1"), CERTAIN),
        ({"serials": ["S1"]}, unit(serial="S2"), NO),
        ({"serials": ["S1"]}, unit(serial=None), POSSIBLE),
        ({"lots": ["L9"], "serials": ["S1"]}, unit("L1", "S1"), CERTAIN),
        ({"lots": ["L9"], "serials": ["S1"]}, unit("L1", "S2"), NO),
        ({"lots": ["L9"], "serials": ["S1"]}, unit("L1"), POSSIBLE),
        ({"serial_from": "100", "serial_to": "199"}, unit(serial="100"), CERTAIN),
        ({"serial_from": "100", "serial_to": "199"}, unit(serial="199"), CERTAIN),
        ({"serial_from": "100", "serial_to": "199"}, unit(serial="099"), NO),
        ({"serial_from": "100", "serial_to": "199"}, unit(serial="200"), NO),
        ({"serial_from": "100", "serial_to": "199"}, unit(serial="1500"), NO),
        ({"serial_from": "100", "serial_to": "199"}, unit(serial="15"), NO),
        ({"serial_from": "100", "serial_to": "199"}, unit(serial=None), POSSIBLE),
        ({"serial_from": "100"}, unit(serial="999"), CERTAIN),
        ({"expiry_from": "2024-01-01", "expiry_to": "2024-06-30"}, unit(expiry=date(2024, 1, 1)), CERTAIN),
        ({"expiry_from": "2024-01-01", "expiry_to": "2024-06-30"}, unit(expiry=date(2024, 6, 30)), CERTAIN),
        ({"expiry_from": "2024-01-01", "expiry_to": "2024-06-30"}, unit(expiry=date(2023, 12, 31)), NO),
        ({"expiry_from": "2024-01-01", "expiry_to": "2024-06-30"}, unit(expiry=date(2024, 7, 1)), NO),
        ({"expiry_to": "2024-06-30"}, unit(expiry=None), POSSIBLE),
        ({"produced_from": "2022-03-01"}, unit(production=date(2022, 3, 1)), CERTAIN),
        ({"produced_from": "2022-03-01"}, unit(production=date(2022, 2, 28)), NO),
        ({"lots": ["L1"], "produced_from": "2022-03-01"}, unit("L1"), POSSIBLE),
        ({"lots": ["L1"], "produced_from": "2022-03-01"}, unit("L2"), NO),
        ({"lots": ["L1"], "produced_from": "2022-03-01"}, unit("L1", production=date(2022, 1, 1)), NO),
    ],
)
def test_a_line_means_a_unit(given: dict[str, Any], of: UnitFacts, expected: Match) -> None:
    assert match(line(**given), of) is expected
    label = LabelFacts("GS1", DI, of.lot, of.serial, of.expiry, of.production)
    assert recalled("H1", label, None, DAY, notices({"issuer": "GS1", "di": DI} | given)) is (expected is CERTAIN)


def notices(*lines: dict[str, Any]) -> Recalls:
    """A notice of each line."""
    found = Recalls()
    for number, each in enumerate(lines):
        found.put([Recall.model_validate_json(body(recall(name=f"R{number}", lines=[each])))])
    return found


def test_what_is_looked_at_does_not_grow_with_the_notices_of_other_lots() -> None:
    many = notices(*({"issuer": "GS1", "di": DI, "lots": [f"L{n}"], "serials": [f"S{n}"]} for n in range(500)))

    looked_at = list(many.naming("H1", None, [("GS1", DI)], "l 7", "S8"))
    assert [each.notice.recall for each in looked_at] == ["R7", "R8"]


def test_a_later_version_stands_in_place_of_the_earlier() -> None:
    found = notices({"issuer": "GS1", "di": DI, "lots": ["L1"]})
    label = LabelFacts("GS1", DI, "L1", None, None, None)
    later = recall(name="R0", version=2, lines=[{"issuer": "GS1", "di": DI, "lots": ["L2"]}])
    assert recalled("H1", label, None, DAY, found)

    found.put([Recall.model_validate_json(body(later))])
    found.put([Recall.model_validate_json(body(recall(name="R0", lines=[{"issuer": "GS1", "di": DI}])))])

    assert not recalled("H1", label, None, DAY, found)
    assert recalled("H1", structs.replace(label, lot="L2"), None, DAY, found)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"serial_from": "10", "serial_to": "100"}, "of one length"),
        ({"serial_from": "20", "serial_to": "10"}, "serial_to at or after"),
        ({"expiry_from": "2024-02-01", "expiry_to": "2024-01-01"}, "expiry_to at or after"),
        ({"di": None}, "issuer and di together"),
        ({"issuer": None, "di": None}, "an identifier"),
    ],
)
def test_a_line_that_contradicts_itself_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        line(**given)

"""Which units a recall means: a case on either side of every edge."""

from datetime import date
from typing import Any

import pytest
from msgspec import structs

from models.charging.books import LabelFacts
from models.stock.recall import Recall, RecallLine, Recalls, recorded_recall
from models.stock.told import LabelKey, Saying, Told
from rules.stock.recall_matching import Match, asked_of, match, recalled, unit_of
from tests.support.builders import DI, body
from tests.support.recalls import recall

DAY = date(2022, 6, 3)
NO, POSSIBLE, CERTAIN = Match.NO, Match.POSSIBLE, Match.CERTAIN


def line(**given: Any) -> RecallLine:
    return RecallLine.model_validate_json(body({"issuer": "GS1", "di": DI} | given))


def unit(
    lot: str | None = "L1", serial: str | None = None, expiry: date | None = None, production: date | None = None
) -> Saying:
    return Saying(lot, serial, expiry, production)


def label_of(said: Saying) -> LabelFacts:
    return LabelFacts("GS1", DI, *said)


def told(*labels: Saying) -> Told:
    """What these labels of the usual screw say."""
    found = Told()
    for each in labels:
        found.take("H1", "GS1", DI, each)
    return found


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
        ({"serial_from": "A001", "serial_to": "A010"}, unit(serial="a005"), CERTAIN),
        ({"serial_from": "a 001", "serial_to": "A010"}, unit(serial="A001"), CERTAIN),
        ({"serial_from": "a001", "serial_to": "a0 10 "}, unit(serial="a 0 1 0"), CERTAIN),
        ({"serial_from": "A001", "serial_to": "a010"}, unit(serial="a011"), NO),
        ({"serial_from": "A001", "serial_to": "A010"}, unit(serial="A9"), NO),
        ({"serial_from": "A001", "serial_to": "A010"}, unit(serial="B005"), NO),
        ({"serial_from": "A001", "serial_to": "B010"}, unit(serial="a999"), CERTAIN),
        ({"serial_from": "a001"}, unit(serial="B 000"), CERTAIN),
        ({"serial_to": "0010"}, unit(serial="10"), NO),
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
def test_a_line_means_a_unit(given: dict[str, Any], of: Saying, expected: Match) -> None:
    assert match(line(**given), unit_of("H1", [("GS1", DI)], of, Told())) is expected
    found = recalled("H1", label_of(of), None, DAY, notices({"issuer": "GS1", "di": DI} | given), Told())
    assert found is (expected is CERTAIN)


MARCH, APRIL = date(2021, 3, 10), date(2021, 4, 10)
IN_MARCH = {"produced_from": "2021-03-01", "produced_to": "2021-03-31"}


@pytest.mark.parametrize(
    ("given", "others", "of", "expected"),
    [
        (IN_MARCH, [unit(production=MARCH)], unit(), CERTAIN),
        (IN_MARCH, [unit("l 1", production=MARCH)], unit("L1"), CERTAIN),
        (IN_MARCH, [unit(production=APRIL)], unit(), NO),
        (IN_MARCH, [unit("L2", production=MARCH)], unit(), POSSIBLE),
        (IN_MARCH, [unit(production=MARCH), unit(production=APRIL)], unit(), POSSIBLE),
        (IN_MARCH, [unit(production=MARCH), unit(production=APRIL)], unit(production=MARCH), CERTAIN),
        (IN_MARCH, [unit(production=MARCH), unit(production=APRIL)], unit(production=APRIL), NO),
        (IN_MARCH, [unit(production=MARCH), unit(production=date(2021, 3, 31))], unit(), CERTAIN),
        (IN_MARCH, [unit(production=APRIL), unit(serial="S1", production=MARCH)], unit(serial="S1"), CERTAIN),
        (IN_MARCH, [unit(production=MARCH), unit(serial="S1", production=APRIL)], unit(serial="s 1"), NO),
        (IN_MARCH, [unit(production=MARCH)], unit(lot=None), POSSIBLE),
        (IN_MARCH, [unit(serial="S1"), unit(production=MARCH)], unit(lot=None, serial="S1"), CERTAIN),
        ({"lots": ["L1"]}, [unit(serial="S1")], unit(lot=None, serial="S1"), CERTAIN),
        ({"lots": ["L1"]}, [unit("L2", "S1")], unit(lot=None, serial="S1"), NO),
        ({"lots": ["L1"]}, [unit("L1", "S1"), unit("L2", "S1")], unit(lot=None, serial="S1"), POSSIBLE),
        ({"lots": ["L1"]}, [unit("L1", "S1")], unit("L2", "S1"), NO),
        ({"expiry_to": "2024-06-30"}, [unit(expiry=date(2024, 6, 30))], unit(), CERTAIN),
        ({"expiry_to": "2022-06-03"}, [unit(expiry=DAY), unit(expiry=date(2024, 7, 1))], unit(), POSSIBLE),
    ],
)  # fmt: skip
def test_what_other_labels_say_holds_for_a_label_that_does_not(
    given: dict[str, Any], others: list[Saying], of: Saying, expected: Match
) -> None:
    books, known = told(*others), [("GS1", DI)]
    assert match(line(**given), unit_of("H1", known, of, books)) is expected
    found = notices({"issuer": "GS1", "di": DI} | given)
    assert recalled("H1", label_of(of), None, DAY, found, books) is (expected is CERTAIN)
    alone = match(line(**given), unit_of("H1", known, of, Told()))
    assert match(line(**given), unit_of("H2", known, of, books)) is alone  # Another hospital's labels say nothing.


LOT_KEY, UNIT_KEY = LabelKey("H1", "GS1", DI, "L1", None), LabelKey("H1", "GS1", DI, None, "S1")


@pytest.mark.parametrize(
    ("given", "of", "expected"),
    [
        (IN_MARCH, unit("l 1"), [LOT_KEY]),
        (IN_MARCH, unit("L1", "s1"), [LOT_KEY, UNIT_KEY]),
        (IN_MARCH, unit(production=MARCH), []),
        (IN_MARCH, unit(None), []),
        (IN_MARCH | {"lots": ["L1"]}, unit(), [LOT_KEY]),
        (IN_MARCH | {"lots": ["L2"]}, unit(), []),
        (IN_MARCH | {"expiry_to": "2024-06-30"}, unit(production=APRIL), []),
        ({"expiry_to": "2024-06-30"}, unit(expiry=DAY), []),
        ({"lots": ["L1"]}, unit(), []),
        ({"lots": ["L1"]}, unit(None, "S1"), [UNIT_KEY]),
        ({"serial_from": "S1"}, unit(), []),
        ({}, unit(), []),
    ],
)
def test_books_are_asked_only_for_what_a_notice_asks_and_the_label_does_not_say(
    given: dict[str, Any], of: Saying, expected: list[LabelKey]
) -> None:
    found = notices({"issuer": "GS1", "di": DI} | given)
    assert asked_of("H1", label_of(of), None, DAY, found) == expected
    assert asked_of("H2", label_of(of), None, DAY, found) == []
    assert asked_of("H1", label_of(of), None, DAY, Recalls()) == []


def notices(*lines: dict[str, Any]) -> Recalls:
    """A notice of each line."""
    found = Recalls()
    for number, each in enumerate(lines):
        found.put([Recall.model_validate_json(body(recall(name=f"R{number}", lines=[each])))])
    return found


def test_what_is_looked_at_does_not_grow_with_the_notices_of_other_lots() -> None:
    many = notices(*({"issuer": "GS1", "di": DI, "lots": [f"L{n}"], "serials": [f"S{n}"]} for n in range(500)))

    looked_at = list(many.naming("H1", None, [("GS1", DI)], ["L7"], "S8"))
    assert [each.notice.recall for each in looked_at] == ["R7", "R8"]


def test_a_later_version_stands_in_place_of_the_earlier() -> None:
    found = notices({"issuer": "GS1", "di": DI, "lots": ["L1"]})
    label = LabelFacts("GS1", DI, "L1", None, None, None)
    later = recall(name="R0", version=2, lines=[{"issuer": "GS1", "di": DI, "lots": ["L2"]}])
    assert recalled("H1", label, None, DAY, found, Told())

    found.put([Recall.model_validate_json(body(later))])
    found.put([Recall.model_validate_json(body(recall(name="R0", lines=[{"issuer": "GS1", "di": DI}])))])

    assert not recalled("H1", label, None, DAY, found, Told())
    assert recalled("H1", structs.replace(label, lot="L2"), None, DAY, found, Told())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"serial_from": "10", "serial_to": "100"}, "of one length"),
        ({"serial_from": "20", "serial_to": "10"}, "serial_to at or after"),
        ({"serial_from": "A 1", "serial_to": "A10"}, "of one length"),
        ({"serial_from": "A10", "serial_to": "a01"}, "serial_to at or after"),
        ({"expiry_from": "2024-02-01", "expiry_to": "2024-01-01"}, "expiry_to at or after"),
        ({"di": None}, "issuer and di together"),
        ({"issuer": None, "di": None}, "an identifier"),
    ],
)
def test_a_line_that_contradicts_itself_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        line(**given)


def test_a_notice_of_the_books_is_taken_whatever_its_ranges_were_before() -> None:
    ends = {"issuer": "GS1", "di": DI, "serial_from": "A 01", "serial_to": "A010"}
    found = recorded_recall(body(recall(lines=[ends, ends | {"serial_from": "B010", "serial_to": "a001"}])))

    assert [match(each, unit_of("H1", [], unit(serial="A001"), Told())) for each in found.lines] == [NO, NO]
    with pytest.raises(ValueError, match="of one length"):
        line(**ends)

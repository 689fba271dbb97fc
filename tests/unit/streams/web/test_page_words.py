"""What the board's cells say in Chinese: every code by its column; what a person wrote as it is."""

import re
from typing import Final
from uuid import UUID

import pytest

from models.closing.figures import EntryCause
from models.scan.event import Action
from models.stock.exposure import LineKind
from models.wording import LOCALES
from streams.cli.shown import short
from streams.web.pages.frame import word_of
from tests.unit.streams.cli.test_words import NAMES, OF_TRACES, codes

CHINESE: Final = LOCALES[1]
COLUMNS: Final = {
    "action": "action", "reason": "reason", "verdict": "verdict", "finding": "findings", "owner": "owner",
    "value": "status", "place": "to_place",
}  # fmt: skip
"""By the kind of codes: a column of the board that holds them."""
NOT_HERE: Final = {*OF_TRACES, *map(str, LineKind), *map(str, EntryCause)}
"""Codes of lists that only commands have."""


@pytest.mark.parametrize(
    ("column", "code"),
    sorted({(COLUMNS[kind], str(code)) for kind, code in codes() if kind in COLUMNS and code not in NOT_HERE}),
)
def test_every_code_of_a_page_has_its_word(column: str, code: str) -> None:
    shown = word_of(column, code, CHINESE)
    assert not re.search("[A-Za-z]", NAMES.sub("", shown)), shown


def test_filters_and_places_of_stores_are_told() -> None:
    told = [
        word_of(column, value, CHINESE)
        for column, value in (("negative", "yes"), ("store", "quarantine/OR-2"), ("store", "OR-2"), ("owner", "S9"))
    ]
    assert told == ["是", "隔离区/OR-2", "OR-2", "S9"]


@pytest.mark.parametrize("column", ["given_to", "said", "added_by", "revoked_by", "name", "badge", "staff", "document"])
def test_what_persons_wrote_is_shown_as_it_is(column: str) -> None:
    for written in ("open", "hospital", *Action):
        assert word_of(column, str(written), CHINESE) == written


def test_an_id_of_a_scan_is_shown_by_its_end_as_commands_do_and_every_other_by_its_beginning() -> None:
    scanned = UUID("0179c2c2-0000-7000-8000-00000000a1b2")
    assert word_of("scan_id", str(scanned), CHINESE) == short(scanned) == "…0000a1b2"
    for column in ("difference_id", "alert_id", "finding"):
        assert word_of(column, str(scanned), CHINESE) == "0179c2c2"

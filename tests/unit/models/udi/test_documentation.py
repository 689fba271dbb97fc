from pathlib import Path

import pytest

from models.udi import ISSUERS, CodeError, Flag, Issuer, ParsedCode
from models.udi.being_read import ValidCode

_TEXT = (Path(__file__).parents[4] / "docs" / "codes.md").read_text(encoding="utf-8")


def _listed(heading: str) -> set[str]:
    section = _TEXT.split(f"### {heading}\n")[1].split("\n\n")[0]
    return {word.strip("`") for word in section.split()}


@pytest.mark.parametrize(("heading", "names"), [("Errors", CodeError), ("Flags", Flag)])
def test_document_lists_every_name_and_no_other(heading: str, names: type[CodeError | Flag]) -> None:
    assert _listed(heading) == {name.value for name in names}


def test_every_issuer_has_a_reader() -> None:
    assert {issuer for issuer, _ in ISSUERS} == set(Issuer) - {Issuer.INVALID}


def test_the_quick_maker_has_the_slots_of_the_value() -> None:
    assert ValidCode.__slots__ == tuple(ParsedCode.__slots__)

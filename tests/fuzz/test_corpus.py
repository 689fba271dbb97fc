"""The fuzzer's corpus is read in every test run, fuzzer or not: what was found once stays mended."""

from datetime import date
from pathlib import Path

import pytest

from models.udi import Issuer, parse

_CORPUS = sorted((Path(__file__).parent / "corpus").iterdir())


@pytest.mark.parametrize("scanned_on", [date(1, 1, 1), date(2026, 6, 1), date(9999, 12, 31)])
def test_corpus_is_read_without_raising(scanned_on: date) -> None:
    for file in _CORPUS:
        code = parse(file.read_bytes(), scanned_on=scanned_on)
        assert code.valid is (code.error is None), file.name
        assert not (code.valid and code.issuer in {Issuer.INTERNAL, Issuer.INVALID}), file.name


def test_corpus_is_there() -> None:
    assert len(_CORPUS) > 20

"""The collected examples: real labels, published ones, and what scanners made of them. Each is read exactly."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from models.udi import Issuer, ParsedCode, parse

_FILE = Path(__file__).parent / "examples.jsonl"
_EXAMPLES: list[dict[str, Any]] = [json.loads(line) for line in _FILE.read_text(encoding="utf-8").splitlines()]
_OPTIONAL = ("canonical", "best_before", "quantity", "uom", "link")
SCANNED_ON = date(2026, 6, 1)


def _as_example(code: ParsedCode) -> dict[str, Any]:
    return {
        "issuer": code.issuer.value,
        "di": code.di,
        "lot": code.lot,
        "serial": code.serial,
        "expiry": code.expiry.isoformat() if code.expiry else None,
        "production": code.production.isoformat() if code.production else None,
        "valid": code.valid,
        "error": code.error.value if code.error else None,
        "flags": {flag.value for flag in code.flags},
        "canonical": code.canonical,
        "best_before": code.best_before.isoformat() if code.best_before else None,
        "quantity": code.quantity,
        "uom": code.uom,
        "link": code.link,
    }


@pytest.mark.parametrize("example", _EXAMPLES, ids=[f"line-{number}" for number in range(1, len(_EXAMPLES) + 1)])
def test_example_is_read_exactly(example: dict[str, Any]) -> None:
    expected = {name: value for name, value in example.items() if name not in {"raw", "note", "policy"}}
    expected["flags"] = set(example.get("flags", ()))

    read = _as_example(parse(example["raw"], scanned_on=SCANNED_ON))

    # An example without canonical, quantity and the like says nothing about them.
    assert {name: value for name, value in read.items() if name in expected or name not in _OPTIONAL} == expected


def test_there_are_examples_of_every_issuer() -> None:
    issuers = {example["issuer"] for example in _EXAMPLES}

    assert len(_EXAMPLES) == 213
    assert issuers == {"GS1", "HIBCC", "ICCBBA", "MA", "AHM", "internal", "invalid"}


_VALID = [example for example in _EXAMPLES if example["valid"]]


@pytest.mark.parametrize("example", _VALID, ids=range(len(_VALID)))
def test_canonical_text_says_the_same(example: dict[str, Any]) -> None:
    code = parse(example["raw"], scanned_on=SCANNED_ON)
    prefix = "]d2" if code.issuer is Issuer.GS1 else ""

    again = parse(f"{prefix}{code.canonical}", scanned_on=SCANNED_ON)

    fields = ("issuer", "di", "lot", "serial", "expiry", "production", "quantity", "uom", "canonical")
    assert [getattr(again, field) for field in fields] == [getattr(code, field) for field in fields]

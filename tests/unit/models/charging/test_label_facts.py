"""What decisions need of a label is the same whether one barcode makes it or several are put together."""

import json
from datetime import date
from pathlib import Path

import pytest

from models.charging.books import code_facts, label_facts
from models.udi import parse, read_label
from tests.support.builders import BOX, DI, gs1

EXAMPLES = Path(__file__).parents[1] / "udi" / "examples.jsonl"
TEXTS = [json.loads(line)["raw"] for line in EXAMPLES.read_text(encoding="utf-8").splitlines()]
DAY = date(2026, 6, 1)


@pytest.mark.parametrize("text", [*TEXTS, gs1(DI), gs1(BOX, expiry="271231", lot="L1"), gs1(lot="L1"), "HOUSE-7", ""])
def test_a_code_alone_says_what_the_label_of_it_says(text: str) -> None:
    assert code_facts(parse(text, scanned_on=DAY)) == label_facts(read_label([text], scanned_on=DAY))


def test_the_examples_are_clean_and_not() -> None:
    clean = [code.error is None and not code.flags for code in (parse(text, scanned_on=DAY) for text in TEXTS)]

    assert 20 < sum(clean) < len(clean) - 20

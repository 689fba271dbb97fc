"""What a wrong record is told: what was expected, in one sentence, in every language."""

import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from pydantic import ValidationError

import models
from models.stock.delivery import Delivery
from models.stock.recall import Recall
from models.wire.complaints import complaint
from models.wire.strict_json import WireModel
from streams import language
from streams.cli.phrases import phrases_of, told
from tests.support.source.phrases import spoken

WRONG: Final[tuple[Any, ...]] = (
    None, 0, -1, 1.5, 10**30, True, "", "x", "\x00", "y" * 1000, [], {}, [1], [{}], ["x"] * 20_001, "2022-13-45",
    "0001-01-01T00:00:00Z", "2022-01-01T00:00:00", "2022-01-01T00:00:01Z", "-1", "1.23456",
)  # fmt: skip
BOOK: Final = dict(phrases_of("zh-CN"))
ENGLISH: Final = re.compile(r"[a-z]{2,} [a-z]{2,}|, got ")


def every_model() -> Iterator[type[WireModel]]:
    for found in pkgutil.walk_packages(models.__path__, "models."):
        import_module(found.name)
    left = [WireModel]
    while left:
        below = left.pop().__subclasses__()
        left += below
        yield from below


def refused(model: type[WireModel], value: Any) -> ValidationError | None:
    try:
        model.model_validate_json(orjson.dumps(value))
    except ValidationError as error:
        return error
    return None


@cache
def complaints() -> frozenset[str]:
    """Of every field of every model, given values that are wrong for it; each in turn as the first that is wrong."""
    return frozenset(_complaints())


def _complaints() -> Iterator[str]:
    for model in every_model():
        for name, field in model.model_fields.items():
            for value in WRONG:
                if value == 10**30:
                    continue
                error = refused(model, {field.alias or name: value})
                for each in error.errors() if error else ():
                    yield complaint(ValidationError.from_exception_data(model.__name__, [_line(each)])).expected


def _line(each: Any) -> Any:
    kind = each["type"]
    context = each.get("ctx", {})
    return {"type": kind, "loc": each["loc"], "input": each["input"], "ctx": context}


def test_every_refusal_says_what_was_expected_and_nothing_of_the_library() -> None:
    said = complaints()
    assert len(said) > 100
    assert {each for each in said if not each.startswith("Expected ") or "Value error" in each} == set()


def test_every_refusal_is_said_in_chinese() -> None:
    language.choose("zh-CN")
    left = {
        each for each in complaints() if ENGLISH.search(re.sub(r"'[^']*'|\"[^\"]*\"|\[.*\]|\^.*(?=，)", "", told(each)))
    }
    assert left == set()


def test_every_sentence_of_the_models_is_said_in_chinese() -> None:
    files = {Path(str(import_module(model.__module__).__file__)) for model in every_model()}
    own = {each for path in files for each in spoken(path) if each.startswith("Expected ")}
    assert len(own) > 25
    assert {each for each in own if each not in BOOK} == set()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": 0}, "version: Expected at least 1, got 0."),
        ({"version": None}, "version: Expected a whole number, got null."),
        ({"class": "4"}, "class: Expected one of '1', '2', '3', got \"4\"."),
        ({"class": "一级\n"}, "class: Expected one of '1', '2', '3', got \"一级\\n\"."),
        ({"class": "a\u200b\u3000"}, "class: Expected one of '1', '2', '3', got \"a\\u200b\\u3000\"."),
        ({"ended_on": "2022-01-01"}, "Expected ended_on at or after issued_on."),
        ({"lines": []}, "lines: Expected a list of 1 or more entries, got []."),
        ({"lines": [{"lots": ["L"]}]}, "lines.0: Expected an identifier (issuer and di) or an item_code."),
        ({"recall": "r" * 65}, f'recall: Expected a text of at most 64 characters, got "{"r" * 56}....'),
    ],
)
def test_a_sentence_names_the_place_what_was_expected_and_what_came(changes: dict[str, Any], said: str) -> None:
    notice = {
        "schema": "udi.recall/1", "hospital": "H1", "recall": "R1", "version": 1, "issued_on": "2022-06-03",
        "class": "1", "lines": [{"item_code": "A"}],
    }  # fmt: skip
    error = refused(Recall, notice | changes)
    assert error is not None
    assert str(complaint(error)) == said


def test_what_names_what_came_by_itself_says_it_once() -> None:
    error = refused(Delivery, {"lines": [{"line": "1", "item_code": "A", "packages": 1, "cost": "x"}]})
    assert error is not None
    costs = [each for each in error.errors() if each["loc"][-1] == "cost"]
    made = ValidationError.from_exception_data("Delivery", [_line(each) for each in costs])
    assert str(complaint(made)) == "lines.0.cost: Expected a decimal number of yuan, got 'x'."


def test_an_identity_number_that_came_is_unreadable() -> None:
    error = refused(Recall, {"schema": "11010519491231002X"})
    assert error is not None
    assert "11010519491231002X" not in str(complaint(error))


def test_a_word_that_is_none_of_several_is_said_in_chinese_as_it_was_typed() -> None:
    error = refused(Recall, {"schema": "udi.recall/1", "class": "一级"})
    assert error is not None
    made = ValidationError.from_exception_data(
        "Recall", [_line(each) for each in error.errors() if each["loc"] == ("class",)]
    )
    language.choose("zh-CN")
    try:
        assert told(str(complaint(made))) == "召回级别: 须为 '1', '2', '3' 之一，得到 \"一级\"。"
    finally:
        language.choose("en")

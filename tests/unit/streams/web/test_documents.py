"""The documents of the interfaces are those of the models, and nothing of them is broken unseen."""

import copy
import json
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from models.web.gateway import depth_of
from models.wire.topics import TOPICS
from streams.web.app import make_app
from streams.web.gateway.documents import SCHEMAS, files
from streams.web.gateway.search import initials_of
from tests.support.builders import item, scan
from tests.support.compatible import broken

FOLDER: Final = Path(__file__).parents[4] / "docs" / "api"
MADE: Final = {name: json.loads(json.dumps(document)) for name, document in files(make_app(None)).items()}


def released(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", MADE)
def test_the_copy_in_the_docs_is_what_is_served(name: str) -> None:
    assert released(name) == MADE[name], "make api renews the copy"


def test_no_file_is_left_over() -> None:
    assert {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.json")} == set(MADE)


def test_who_keeps_to_the_copy_can_use_what_is_served() -> None:
    assert list(broken(released("openapi.json"), MADE["openapi.json"])) == []


@pytest.mark.parametrize("change", ["path", "field", "needed", "value"])
def test_a_breaking_change_is_noticed(change: str) -> None:
    old, new = MADE["openapi.json"], copy.deepcopy(MADE["openapi.json"])
    schemas = new["components"]["schemas"]
    if change == "path":
        del new["paths"]["/v1/items"]
    elif change == "field":
        del schemas["ScanState"]["properties"]["verdict"]
    elif change == "needed":
        schemas["ScanEvent"]["required"].append("operation")
    else:
        schemas["Action"]["enum"].remove("waste")
    assert list(broken(old, new)) != []
    assert list(broken(old, old)) == []


def test_what_is_added_breaks_nothing() -> None:
    old, new = MADE["openapi.json"], copy.deepcopy(MADE["openapi.json"])
    new["components"]["schemas"]["ScanState"]["properties"]["more"] = {"type": "string"}
    new["paths"]["/v1/more"] = {}
    assert list(broken(old, new)) == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(MADE[f"schemas/{name}.json"])


def test_a_scan_and_an_item_keep_to_their_schemas() -> None:
    for name, value in (("scan", scan(1)), ("item", item())):
        validator = jsonschema.Draft202012Validator(MADE[f"schemas/{name}.json"])
        assert [error.message for error in validator.iter_errors(value)] == []
        assert [error.message for error in validator.iter_errors(value | {"schema": "other"})] != []


def test_every_topic_is_a_channel() -> None:
    assert set(MADE["asyncapi.json"]["channels"]) == {topic.name for topic in TOPICS}


@pytest.mark.parametrize(("value", "depth"), [(1, 0), ({}, 1), ({"a": [1]}, 2), ([[[[[[[[[1]]]]]]]]], 9)])
def test_depth_counts_what_is_inside_each_other(value: Any, depth: int) -> None:
    assert depth_of(value) == depth


@pytest.mark.parametrize(("name", "initials"), [("髓内钉 A2", "snda2"), ("Stent", "stent"), ("", "")])
def test_initials_are_of_the_pinyin(name: str, initials: str) -> None:
    assert initials_of(name) == initials

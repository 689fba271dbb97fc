"""The driver asks of elements sooner, and answers as before."""

from collections import UserDict
from collections.abc import Iterable, Mapping, Sized
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest
from asyncpg.protocol import protocol

from sinks.postgres.charging.tables import ClaimRow
from sinks.postgres.elements import ASKED, ask_plain_classes_first
from tests.support.loops import run

PLAIN: Final = MappingProxyType({"IterableABC": Iterable, "SizedABC": Sized, "MappingABC": Mapping})
"""What the driver comes with."""
CLAIM: Final = ClaimRow("H1", UUID(int=1), 1, 7, b"\x00" * 16)
ELEMENTS: Final[tuple[Any, ...]] = (
    None, 1, "", "text", b"", b"bytes", bytearray(b"x"), memoryview(b"x"), (), CLAIM, [], [1], {}, {"a": 1}, {1},
    frozenset({1}), {"a": 1}.keys(), iter([1]), UUID(int=1), datetime(2022, 6, 3, tzinfo=UTC),
)  # fmt: skip
ARRAYS: Final[tuple[tuple[str, Any], ...]] = (
    ("udi.scan_claim[]", [CLAIM, CLAIM._replace(hospital="医院")]),
    ("udi.scan_claim[]", []),
    ("text[]", ("a", None, "")),
    ("text[]", [["a", "b"], ["c", "d"]]),
    ("text[]", {"a": 1}.keys()),
    ("uuid[]", [UUID(int=1), UUID(int=2)]),
    ("bytea[]", [b"", b"\x00\xff", None]),
    ("bigint[]", [1, -1]),
)
REFUSED: Final[tuple[Any, ...]] = ("text", b"bytes", {"a": 1}, 1, [["a"], "b"], [["a"], ["b", "c"]])
"""None of it is an array of texts."""


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, asked in PLAIN.items():
        monkeypatch.setattr(protocol, name, asked)


@pytest.mark.parametrize("element", ELEMENTS, ids=lambda element: type(element).__name__)
@pytest.mark.parametrize("name", ASKED)
def test_each_question_has_the_answer_it_had(name: str, element: object) -> None:
    assert isinstance(element, ASKED[name]) is isinstance(element, PLAIN[name])


def test_of_mappings_only_a_dict_is_known() -> None:
    assert isinstance(UserDict(), Mapping)
    assert not isinstance(UserDict(), ASKED["MappingABC"])


def test_arrays_reach_the_database_as_they_did_and_what_is_none_is_refused(database: str) -> None:
    async def told() -> list[Any]:
        connection = await asyncpg.connect(database)
        try:
            found = [await connection.fetchval(f"SELECT array_send($1::{name})", value) for name, value in ARRAYS]
            for value in REFUSED:
                with pytest.raises(asyncpg.DataError):
                    await connection.fetchval("SELECT $1::text[]", value)
        finally:
            await connection.close()
        return found

    before = run(told())
    ask_plain_classes_first()

    assert run(told()) == before


def test_the_driver_asks_by_these_names(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In another version it may ask otherwise, and nothing would be sooner."""
    ask_plain_classes_first()

    async def asked() -> None:
        connection = await asyncpg.connect(database)
        try:
            await connection.fetchval("SELECT $1::text[]", ["a"])
        finally:
            await connection.close()

    run(asked())
    for name, nobody in (("IterableABC", ()), ("SizedABC", ()), ("MappingABC", list)):
        with monkeypatch.context() as other:
            other.setattr(protocol, name, nobody)
            with pytest.raises(asyncpg.DataError, match="a sized iterable container expected"):
                run(asked())

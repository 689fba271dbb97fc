"""Migrations keep what services of earlier versions call (docs/adr/0013-served-revisions.md)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from alembic.script import ScriptDirectory

FIRST: Final = "0036"
"""The first migration that says whom the books serve; it and those before it are closed."""
FOLDER: Final = Path(__file__).parents[2] / "sinks/postgres/migrations"
_FUNCTION: Final = re.compile(r"CREATE (?:OR REPLACE )?FUNCTION (udi\.\w+)", re.IGNORECASE)
_ROWS: Final = re.compile(r"(udi\.\w+)\[\]")
_BREAKS: Final = re.compile(
    r"(?:CREATE OR REPLACE|DROP|ALTER) (?:FUNCTION|ROUTINE)(?: IF EXISTS)? (udi\.\w+)"
    r"|ALTER TABLE(?: IF EXISTS)?(?: ONLY)? (udi\.\w+)[^;]*?"
    r"\b(?:ADD COLUMN|DROP COLUMN|RENAME|ALTER COLUMN \w+ (?:SET DATA )?TYPE)\b",
    re.IGNORECASE,
)
_ENDS: Final = re.compile(r"DELETE FROM udi\.served\b", re.IGNORECASE)


def chain() -> list[tuple[str, str]]:
    """(revision, its SQL) of every migration, in the order they run."""
    found = []
    for each in ScriptDirectory(str(FOLDER)).walk_revisions():
        text = Path(each.path).read_text(encoding="utf-8")
        scripts = (FOLDER / "sql" / name for name in re.findall(r'"(\w+\.sql)"', text))
        found.append((each.revision, text + "".join(script.read_text(encoding="utf-8") for script in scripts)))
    return found[::-1]


def broken(migrations: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """(revision, function or table) that services of earlier versions miss, unless they are no longer served."""
    functions: set[str] = set()
    tables: set[str] = set()
    closed = False
    for revision, sql in migrations:
        if closed and not _ENDS.search(sql):
            for function, table in _BREAKS.findall(sql):
                if function in functions or table in tables:
                    yield revision, function or table
        functions.update(_FUNCTION.findall(sql))
        tables.update(_ROWS.findall(sql))
        closed = closed or revision == FIRST


def test_no_later_migration_takes_from_services_what_they_call() -> None:
    assert list(broken(chain())) == []


BEFORE: Final = [
    ("0001", "CREATE TABLE udi.scan (n int); CREATE FUNCTION udi.record(scans udi.scan[]) RETURNS void ..."),
    (FIRST, "CREATE OR REPLACE FUNCTION udi.record(scans udi.scan[], more int) RETURNS void ..."),
]


@pytest.mark.parametrize(
    ("sql", "misses"),
    [
        ("CREATE FUNCTION udi.record_2(scans udi.scan[]) ...; CREATE TABLE udi.more (n int);", None),
        ("ALTER TABLE udi.other ADD COLUMN n int;", None),
        ("ALTER TABLE udi.scan ADD CONSTRAINT positive CHECK (n > 0);", None),
        ("DROP FUNCTION IF EXISTS udi.record;", "udi.record"),
        ("CREATE OR REPLACE FUNCTION udi.record(scans udi.scan[]) ...", "udi.record"),
        ("ALTER FUNCTION udi.record RENAME TO record_1;", "udi.record"),
        ("ALTER TABLE udi.scan\n    ADD COLUMN place text;", "udi.scan"),
        ("ALTER TABLE udi.scan DROP COLUMN n;", "udi.scan"),
        ("DELETE FROM udi.served WHERE revision < '0099'; DROP FUNCTION udi.record;", None),
    ],
)
def test_what_a_later_migration_takes_away_is_found(sql: str, misses: str | None) -> None:
    assert list(broken([*BEFORE, ("0099", sql)])) == ([("0099", misses)] if misses else [])

"""SQL lives in the sinks: who asks, names a query and gets values."""

import ast
import re
from pathlib import Path

import pytest

from tests.support.source.parsing import parsed

ROOT = Path(__file__).parents[2]
SQL = re.compile(
    r"^\s*(WITH\s+\w+\s+AS|SELECT\b|INSERT\s+INTO|UPDATE\s+\w|DELETE\s+FROM|CREATE\s+(DATABASE|TABLE|ROLE|SCHEMA)|SHOW\s+\w"
    r"|TRUNCATE\b|LISTEN\b|NOTIFY\b)"
)
IN_SQL = re.compile(r"\b(FROM|JOIN|INTO|UPDATE)\s+(udi|report|public|pg_catalog)\.\w")


def _texts(path: Path) -> list[str]:
    """The string literals of a module, docstrings left out."""
    tree = parsed(path)
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said
    ]


def _is_sql(text: str) -> bool:
    return bool(SQL.search(text) or IN_SQL.search(text))


@pytest.mark.parametrize(
    "text", ["SELECT 1", "\nWITH newest AS (", "DELETE FROM x", "(EXISTS (TABLE a) FROM udi.scan", "SHOW fsync"]
)
def test_sql_is_known_when_it_is_seen(text: str) -> None:
    assert _is_sql(text)


def test_no_module_of_streams_holds_sql() -> None:
    paths = sorted((ROOT / "streams").rglob("*.py"))
    assert len(paths) > 100
    found = {str(path.relative_to(ROOT)): text for path in paths for text in _texts(path) if _is_sql(text)}
    assert found == {}


STATE = re.compile(
    r"^\s*(SET\s+(?!LOCAL\b)|LISTEN\b|DECLARE\b|CREATE\s+TEMP)|;\s*SET\s+(?!LOCAL\b)"
    r"|pg_(try_)?advisory_lock(_shared)?\s*\(|set_config\(",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    "text", ["SET jit = off", "LISTEN x", "SELECT pg_try_advisory_lock(1)", "BEGIN; SET jit = off"]
)
def test_state_of_a_session_is_known_when_it_is_seen(text: str) -> None:
    assert STATE.search(text)


def test_no_query_leaves_state_in_its_session() -> None:
    """Connections go back to their pool as they are (`sinks.postgres.database.open_pool`)."""
    python = [text for path in sorted((ROOT / "sinks").rglob("*.py")) for text in _texts(path)]
    functions = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "sinks").rglob("*.sql"))]
    assert len(functions) > 40
    assert [text for text in (*python, *functions) if STATE.search(text)] == []

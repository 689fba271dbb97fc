"""Every public field says what it holds: a docstring stands right behind it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.source.parsing import parsed

ROOT: Final = Path(__file__).parents[2]
LAYERS: Final = ("models", "rules", "sinks", "streams")


def fields(body: list[ast.stmt], within: str) -> Iterator[tuple[str, str | None]]:
    """Public annotated fields of public classes, with their docstrings."""
    for owner in body:
        if not isinstance(owner, ast.ClassDef) or owner.name.startswith("_"):
            continue
        name = f"{within}.{owner.name}"
        for statement, following in zip(owner.body, [*owner.body[1:], None], strict=True):
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                text = text_of(following)
                if not statement.target.id.startswith("_"):
                    yield f"{name}.{statement.target.id}", text
        yield from fields(owner.body, name)


def text_of(statement: ast.stmt | None) -> str | None:
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Constant):
        return None
    return statement.value.value if isinstance(statement.value.value, str) else None


def words(text: str) -> set[str]:
    return set(text.lower().replace("_", " ").strip(" .").split()) - {"the", "a", "an", "of"}


@pytest.mark.parametrize("layer", LAYERS)
def test_every_public_field_has_its_docstring(layer: str) -> None:
    found = [
        each
        for path in sorted((ROOT / layer).rglob("*.py"))
        for each in fields(parsed(path).body, str(path.relative_to(ROOT)))
    ]
    assert len(found) > 100
    assert [name for name, text in found if text is None] == []
    assert [name for name, text in found if text is not None and words(text) <= words(name.rpartition(".")[2])] == []


def test_a_field_without_docstring_is_found() -> None:
    code = (
        'class A:\n    x: int\n    "Metres."\n    y: int\n'
        "    _z: int\n    class B:\n        w: int\nclass _C:\n    v: int\n"
    )
    assert dict(fields(ast.parse(code).body, "f")) == {"f.A.x": "Metres.", "f.A.y": None, "f.A.B.w": None}

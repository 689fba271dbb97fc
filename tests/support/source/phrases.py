"""Texts of the code that people read, as templates: literals and f-strings, each value of an f-string as `{}`."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.source.parsing import parsed

ROOT = Path(__file__).parents[3]
QUIET = frozenset({"say", "texts", "getLogger", "partition", "removeprefix", "fetch", "execute", "bind_json"})
"""Calls whose texts nobody reads as they are."""


def template(node: ast.AST) -> str | None:
    """A literal or an f-string as a template; `None` for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def spoken(path: Path) -> Iterator[str]:
    """Every phrase of a module with two words or more; of tables the single words of their headings, too."""
    tree = parsed(path)
    skipped = set(map(id, _unspoken(tree)))
    for node in ast.walk(tree):
        text = None if id(node) in skipped else template(node)
        lower = isinstance(node, ast.Constant)
        if text and " " in text.strip() and any(_is_word(part, lower=lower) for part in text.split()):
            yield text
        if isinstance(node, ast.Call) and _name(node.func) == "print_table":
            yield from filter(None, map(template, node.args[:1]))
            yield from (found for each in node.args[1:2] for found in _strings(each))
        if isinstance(node, ast.Call) and _name(node.func) in {"told_cell", "word"}:
            yield from (found for each in node.args[:1] for found in _chosen(each))
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and _holds_columns(node):
            yield from _strings(node.value)


def _chosen(node: ast.AST) -> Iterator[str]:
    """A text, or those out of which one is chosen."""
    for each in (node.body, node.orelse) if isinstance(node, ast.IfExp) else (node,):
        yield from filter(None, [template(each)])


def _holds_columns(node: ast.Assign | ast.AnnAssign) -> bool:
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    return _name(target) == "columns" or (_name(target).startswith("_") and _name(target).endswith("COLUMNS"))


def _is_word(part: str, *, lower: bool) -> bool:
    """A word of a sentence; a literal in capitals is more often a name than a sentence of one word."""
    part = part.strip(".,:;()…")
    return part.isalpha() and (part.islower() if lower else len(part) > 2)


def _unspoken(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield from (part for part in node.values if isinstance(part, ast.Constant))
        elif isinstance(node, ast.Call) and _name(node.func) in QUIET:
            yield from (below for each in node.args for below in ast.walk(each))


def _strings(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Tuple | ast.List):
        yield from (str(each.value) for each in node.elts if isinstance(each, ast.Constant) and each.value)


def _name(function: Any) -> str:
    return str(getattr(function, "attr", getattr(function, "id", "")))

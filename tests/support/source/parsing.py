"""Modules of the code as trees, for the tests that read code."""

import ast
import gc
from pathlib import Path


def parsed(path: Path) -> ast.Module:
    """A module's tree.

    No garbage is collected meanwhile: a finalizer that prints a traceback parses, too, and CPython 3.11 then says
    "AST constructor recursion depth mismatch" of the outer one (gh-106905).
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    finally:
        if collecting:
            gc.enable()

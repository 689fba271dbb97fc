"""Prometheus' own checker of alert rules."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

MISSING: Final = "alert rules were not run through promtool: install Debian's package `prometheus` or put it on PATH"


def find() -> Path | None:
    """Where `promtool` is; `None` when it is not on PATH."""
    found = shutil.which("promtool")
    return None if found is None else Path(found)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it, output captured, whatever it says.

    Raises:
        FileNotFoundError: it is not on PATH; says how to get it.
    """
    program = find()
    if program is None:
        raise FileNotFoundError(MISSING)
    return subprocess.run([str(program), *arguments], capture_output=True, text=True, check=False)

"""Two versions against each other where speed varies: run in turns, each figure as a ratio with its span."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.table import Table, medians

TREE: Final = Path(__file__).parents[1]
PARTS: Final = ("steps", "backlog", "latency")
"""What is compared when no parts are named."""


def compare(revision: str, options: list[str], rounds: int) -> Table:
    """Ratios of the figures that both versions give: below 1, this tree needs less or does less.

    Args:
        revision: What git takes for a commit; it is checked out beside this tree, and its own benchmarks run there.
        options: For `python -m benchmarks` of both.
        rounds: How often each runs. Who goes first changes with every round: what warms up or fills up hits both.

    Raises:
        subprocess.CalledProcessError: git does not know the revision, or one of the runs failed.
    """
    ratios: dict[tuple[str, str], list[float]] = {}
    with _checked_out(revision) as other:
        for number in range(rounds):
            trees = [TREE, other] if number % 2 else [other, TREE]
            found = {tree: _figures(tree, options) for tree in trees}
            for key, now in found[TREE].items():
                if was := found[other].get(key):
                    ratios.setdefault(key, []).append(now / was)
            print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    table = Table(f"This tree's figures divided by those of {revision}: {rounds} rounds, in turns.")
    for (section, label), values in ratios.items():
        table.add(section, label, "", values)
    return table


def _figures(tree: Path, options: list[str]) -> dict[tuple[str, str], float]:
    # The tree's own packages go before the ones that are installed for this one.
    own = os.environ | {"PYTHONPATH": str(tree)}
    printed = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--markdown", *options], cwd=tree, env=own, check=True,
        stdout=subprocess.PIPE, text=True,
    ).stdout  # fmt: skip
    return medians(printed)


@contextmanager
def _checked_out(revision: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="udi-compare-") as folder:
        other = Path(folder) / "other"
        git = ["git", "-C", str(TREE), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(other), revision], check=True)
        try:
            yield other
        finally:
            subprocess.run([*git, "remove", "--force", str(other)], check=True)

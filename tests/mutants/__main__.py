"""`make mutants`: a seeded sample of mutants, or all; the share that tests kill, and every one that they do not.

It runs in an environment of its own: `cosmic-ray` wants other versions than the product pins. The mutants are made in
a copy of what git has, so that the tree itself is never touched.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import WorkerOutcome, WorkResult

ROOT: Final = Path(__file__).parents[2]
KILLED_PERCENT_MIN: Final = 95
TIMEOUT_SECONDS: Final = 3600
"""Never reached by a busy machine alone: what took so long would count as killed."""
MODULES_MAX: Final = 24
BYTES_MIN: Final = 800
"""A smaller module has nothing to decide."""
NEEDLESS: Final = re.compile(
    # In `str | None` nothing but an annotation; identity in place of equality says nothing of small numbers and enums.
    r"BinaryOperator_BitOr_|Comparison.*_(Is|IsNot)$|Operator_(Is|IsNot)_|RemoveDecorator|Variable|ExceptionReplacer"
)
KEPT: Final = re.compile(r"Operator_(Is_IsNot|IsNot_Is)$")
CONFIG: Final = """[cosmic-ray]
module-path = {modules}
timeout = {timeout}
excluded-modules = []
test-command = "{python} -m tests.mutants.fitting"

[cosmic-ray.distributor]
name = "local"
"""


def main() -> int:
    """Try mutants; 1 when fewer than 95 of 100 are killed."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--all", action="store_true", help="all mutants, for hours")
    asked.add_argument("--sample", type=int, default=40, help="how many of them (40)")
    asked.add_argument("--seed", type=int, default=1, help="which of them (1)")
    asked.add_argument("--only", default="", help="of modules whose path has this in it")
    asked.add_argument("--python", default=str(ROOT / ".venv/bin/python"), help="that has the product and pytest")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="udi-mutants-") as folder:
        copy = Path(folder) / "tree"
        _run("git", "clone", "--quiet", "--local", str(ROOT), str(copy), cwd=ROOT)
        modules = _modules(copy, options)
        _run(options.python, "-m", "tests.mutants.fitting", cwd=copy)
        config = CONFIG.format(modules=json.dumps(modules), timeout=TIMEOUT_SECONDS, python=options.python)
        (copy / "mutants.toml").write_text(config)
        _cosmic_ray("init", "mutants.toml", "mutants.sqlite", cwd=copy)
        with use_db(str(copy / "mutants.sqlite"), WorkDB.Mode.open) as session:
            many = _choose(session, options)
            print(f"{many} mutants of {len(modules)} modules, seed {options.seed}", flush=True)
        _cosmic_ray("exec", "mutants.toml", "mutants.sqlite", cwd=copy)
        with use_db(str(copy / "mutants.sqlite"), WorkDB.Mode.open) as session:
            return _tell(session)


def _run(*command: str, cwd: Path) -> None:
    subprocess.run(command, cwd=cwd, check=True)


def _cosmic_ray(*words: str, cwd: Path) -> None:
    _run(f"{Path(sys.executable).parent}/cosmic-ray", *words, cwd=cwd)


def _modules(copy: Path, options: argparse.Namespace) -> list[str]:
    """The modules to look at. Of a sample not all: making a mutant of every line of all takes many minutes."""
    found = sorted(
        str(each.relative_to(copy)) for layer in ("models", "rules") for each in (copy / layer).rglob("*.py")
    )
    fit = [each for each in found if options.only in each and (copy / each).stat().st_size > BYTES_MIN]
    return fit if options.all else random.Random(options.seed).sample(fit, min(MODULES_MAX, len(fit)))


def _choose(session: WorkDB, options: argparse.Namespace) -> int:
    """Skip what is not asked for."""
    worth: list[str] = []
    rest: list[str] = []
    for item in session.work_items:
        name = item.mutations[0].operator_name
        fits = KEPT.search(name) or not NEEDLESS.search(name)
        (worth if fits else rest).append(item.job_id)
    chosen = worth if options.all else random.Random(options.seed).sample(worth, min(options.sample, len(worth)))
    skipped = WorkResult(WorkerOutcome.SKIPPED)
    session.set_multiple_results([*rest, *(set(worth) - set(chosen))], skipped)
    return len(chosen)


def _tell(session: WorkDB) -> int:
    tried = [result for _, result in session.results if result.worker_outcome is not WorkerOutcome.SKIPPED]
    left = [result for result in tried if not result.is_killed]
    for result in left:
        print(result.diff)
    killed = len(tried) - len(left)
    print(f"{killed} of {len(tried)} mutants killed")
    return int(killed * 100 < KILLED_PERCENT_MIN * len(tried))


if __name__ == "__main__":
    sys.exit(main())

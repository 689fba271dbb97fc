"""Each module of the product and of the tests is compiled once, on all cores, before the processes of xdist begin.

After a fresh clone each of them would compile every module for itself, and pytest rewrites the assertions of a test
module at that: 5 s of CPU a process. pytest has no public way to do so beforehand; what it finds, it uses, and what it
does not find it makes as before.
"""

import compileall
import multiprocessing
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from _pytest.assertion import rewrite

ROOT: Final = Path(__file__).parents[3]
PACKAGES: Final = ("models", "rules", "sinks", "streams", "benchmarks", "tests")


def compile_once(config: pytest.Config) -> None:
    """For who hands tests out to processes; who is such a process, or keeps no compiled modules, has nothing to do."""
    if sys.dont_write_bytecode or hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        return
    files = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))
    cores = os.cpu_count() or 1
    # Forked: the rewriting asks for the settings of pytest, which cannot be handed to another process otherwise.
    forking = multiprocessing.get_context("fork")
    processes = [forking.Process(target=_compile, args=(config, files[core::cores])) for core in range(cores)]
    for each in processes:
        each.start()
    for each in processes:
        each.join()


def _compile(config: pytest.Config, files: Sequence[Path]) -> None:
    for path in files:
        with suppress(SyntaxError, OSError):  # Told when it is imported.
            if path.name == "conftest.py" or path.name.startswith("test_"):
                _rewrite(config, path)
            else:
                compileall.compile_file(path, quiet=2)


def _rewrite(config: pytest.Config, path: Path) -> None:
    kept = rewrite.get_cache_dir(path) / (path.stem + rewrite.PYC_TAIL)
    if rewrite._read_pyc(path, kept) is None:
        source_hash, code = rewrite._rewrite_test(path, config)
        kept.parent.mkdir(exist_ok=True)
        rewrite._write_pyc(config.stash[rewrite.assertstate_key], code, source_hash, kept)

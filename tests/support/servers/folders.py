"""Where the servers of a run keep their data: in memory where there is enough, for a database is a thousand files.

Making those took the kernel ten times what PostgreSQL needs for a copy (0.5 of 0.6 CPU s on ext4, 0.03 on tmpfs).
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

MEMORY: Final = Path("/dev/shm")  # noqa: S108 -- a folder of our own is made there
GROUP: Final = Path("/sys/fs/cgroup")
FREE_BYTES_MIN: Final = 8 << 30
"""Two workers with their servers take up to 3 GiB, for PostgreSQL keeps 1 GiB of its log."""
_PREFIX: Final = "udistream-tests-"
_PYTEST: Final = "PYTEST_DEBUG_TEMPROOT"


def move_to_memory() -> Path | None:
    """New temporary folders lie in memory, also those of processes that are started; gives where, for `remove`.

    `None`, and nothing changes, where somebody has chosen a folder (`TMPDIR`) or memory is short. What pytest itself
    keeps for people (`tmp_path`) stays on the disk.
    """
    if "TMPDIR" in os.environ or not _fits():
        return None
    _forget_the_dead()
    os.environ.setdefault(_PYTEST, tempfile.gettempdir())
    folder = MEMORY / f"{_PREFIX}{os.getpid()}"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o1777)
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None
    return folder


def remove(folder: Path) -> None:
    """The run is over."""
    shutil.rmtree(folder, ignore_errors=True)


def _fits() -> bool:
    """Whether the kernel has so much, beside what it gives back when that is needed, and runs programs from there."""
    if not os.access(MEMORY, os.W_OK) or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return False
    return min(shutil.disk_usage(MEMORY).free, _available(), _allowed()) > FREE_BYTES_MIN


def _available() -> int:
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")), 0)


def _allowed() -> float:
    """What the control group of a container lets us take; its limit may be far below what the machine has."""
    try:
        limit, used = ((GROUP / name).read_text(encoding="ascii").strip() for name in ("memory.max", "memory.current"))
    except OSError:
        return float("inf")
    return float("inf") if limit == "max" else int(limit) - int(used)


def _forget_the_dead() -> None:
    """What runs have left that were killed."""
    for folder in MEMORY.glob(f"{_PREFIX}*"):
        process = folder.name.removeprefix(_PREFIX)
        if process.isdigit() and not Path(f"/proc/{process}").exists():
            remove(folder)

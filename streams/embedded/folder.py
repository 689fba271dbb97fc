"""The data folder: whose it is, and that one process at a time runs in it.

A folder is taken when it is empty or carries our mark. The mark is a file; whoever runs holds a lock on it, which the
system drops with the process, however that ends. Nothing is ever removed from a folder but what we made in it.
"""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

MARK: Final = ".udistream"
"""The file that says that the folder is ours."""
EMBEDDED_FILE: Final = "embedded.json"
"""In the data folder while `udi run` or `udi demo --keep` runs embedded parts: where they are."""
OURS: Final = ("postgres", "broker", "faust", EMBEDDED_FILE, "worker.log", "relay.log", "scheduler.log", "gateway.log")
"""What we make in a data folder, beside the mark."""
LOCK_SECONDS_MAX: Final = 0.5
"""How long a lock is tried for: a command that looks whether somebody runs holds it for an instant."""


class FolderError(Exception):
    """The data folder can't be used; the text is one line that says why."""


class Purpose(StrEnum):
    """What the books in a data folder are."""

    RUN = "run"
    """A person's own: kept."""
    DEMO = "demo"
    """A demo's: the next demo begins anew."""


@contextmanager
def occupied(folder: Path, purpose: Purpose) -> Iterator[None]:
    """Take the folder for as long as the context lasts; made when absent. A demo begins with an empty one.

    Raises:
        FolderError: it is no folder, can't be written, holds what is not ours, holds a person's books and a demo
            asks for it, or another process runs in it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check_ours(folder)
        descriptor = os.open(folder / MARK, os.O_RDWR | os.O_CREAT, 0o600)
    except (FileExistsError, NotADirectoryError):
        raise FolderError(f"Expected a folder, got {folder}, which is or lies in a file.") from None
    except OSError as error:
        raise FolderError(f"Expected a folder that can be written, got {folder}: {error.strerror}.") from None
    with os.fdopen(descriptor, "r+", encoding="utf-8") as mark:
        if not _locked(descriptor):
            raise FolderError(
                f"Expected a folder in which nobody runs, got {folder}: process {_read(mark).get('process', '?')} "
                "runs in it. End it, or name another folder in UDI_DATA_DIR."
            )
        found = _read(mark)
        if purpose is Purpose.DEMO:
            _clear(folder, found.get("purpose"))
        mark.seek(0)
        mark.truncate()
        mark.write(json.dumps({"made_by": "udistream", "purpose": purpose, "process": os.getpid()}) + "\n")
        mark.flush()
        yield


def somebody_runs_in(folder: Path) -> bool:
    """Whether a process holds the folder now.

    Raises:
        OSError: its mark can't be read.
    """
    try:
        descriptor = os.open(folder / MARK, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _check_ours(folder: Path) -> None:
    if (folder / MARK).exists():
        return
    strange = next(iter(sorted(folder.iterdir())), None)
    if strange is not None:
        raise FolderError(
            f"Expected an empty folder or one made by udistream, got {folder}, which holds {strange.name}. "
            "Nothing was changed in it; name another folder in UDI_DATA_DIR."
        )


def _locked(descriptor: int) -> bool:
    deadline = time.monotonic() + LOCK_SECONDS_MAX
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)


def _read(mark: Any) -> dict[str, Any]:
    mark.seek(0)
    try:
        found = json.loads(mark.read())
    except ValueError:  # Just made, or the process was killed while it wrote.
        return {}
    return found if isinstance(found, dict) else {}


def _clear(folder: Path, purpose: str | None) -> None:
    """Remove an earlier demo, and nothing else."""
    ours = [folder / name for name in OURS if (folder / name).exists()]
    if ours and purpose != Purpose.DEMO:
        raise FolderError(
            f"Expected a folder without books of `udi run`, got {folder}. They are kept; name another folder for the "
            "demo in UDI_DATA_DIR."
        )
    for path in ours:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()

"""The last release, as its files: its services run beside those of this tree."""

import io
import subprocess
import tarfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
CLOSED: Final = "7b41e00"
"""The commit that closed migration 0036. It stands for a release as long as there is none."""
MISSING: Final = "the worker of the last release was not run: the history of the repository is not here"


def _git(*arguments: str) -> bytes | None:
    """What git says; `None` when it fails, or is not there."""
    try:
        return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None


def find() -> str | None:
    """The newest tag of a version, else the commit that stands for one; `None` without either."""
    tag = _git("describe", "--tags", "--abbrev=0", "--match", "v[0-9]*")
    commit = tag.decode().strip() if tag else CLOSED
    return commit if _git("cat-file", "-e", f"{commit}^{{commit}}") is not None else None


def unpack(folder: Path) -> Path:
    """Its files below the folder.

    Raises:
        FileNotFoundError: the history is not here.
    """
    commit = find()
    archive = _git("archive", "--format=tar", commit) if commit else None
    if archive is None:
        raise FileNotFoundError(MISSING)
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder

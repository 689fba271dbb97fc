"""A file, or the files of an archive, as streams of bytes: nothing is laid out whole.

References:
    docs/commands.md, "National database".
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Final

from streams.cli.loading.grids import SheetError

_READABLE: Final = (".xml", ".csv", ".txt", ".xlsx")
_WORKBOOK: Final = "xl/workbook.xml"
TORN: Final = (zipfile.BadZipFile, zlib.error, EOFError)
"""What reading a part raises when its archive is damaged there."""
Moved = Callable[[int], None]
"""Told how many bytes were read."""


@dataclass(frozen=True, slots=True)
class Part:
    """One stream of records."""

    name: str
    """Its name in the archive; empty when the file is no archive."""
    size: int
    """Bytes, unpacked."""
    opened: Callable[[], IO[bytes]]
    """Opens it at its beginning."""


@contextmanager
def parts_of(file: Path) -> Iterator[tuple[list[Part], list[str]]]:
    """The parts of a file, those of an archive in the order of their numbers, and the names of what is none.

    Raises:
        OSError: the file can't be read.
        SheetError: it is an archive that can't be opened, or holds no part.
    """
    with file.open("rb") as opened:
        packed = opened.read(4) == b"PK\x03\x04"
    if not packed:
        yield [Part("", file.stat().st_size, lambda: file.open("rb"))], []
        return
    try:
        with zipfile.ZipFile(file) as archive:
            if _WORKBOOK in archive.namelist():
                yield [Part("", file.stat().st_size, lambda: file.open("rb"))], []
                return
            yield _members(archive)
    except zipfile.BadZipFile as error:
        raise SheetError(f"Expected an archive (ZIP): {error}.") from None


def _members(archive: zipfile.ZipFile) -> tuple[list[Part], list[str]]:
    infos = [info for info in archive.infolist() if not info.is_dir() and not info.filename.startswith("__MACOSX/")]
    if any(info.flag_bits & 1 for info in infos):
        raise SheetError("Expected an archive without password.")
    found = [info for info in infos if info.filename.lower().endswith(_READABLE)]
    if not found:
        raise SheetError(f"Expected an archive with files {', '.join(_READABLE)}, found none.")
    parts = [Part(info.filename, info.file_size, partial(archive.open, info)) for info in found]
    skipped = [info.filename for info in infos if info not in found]
    return sorted(parts, key=lambda part: _numbered(part.name)), skipped


def _numbered(name: str) -> list[tuple[int, str]]:
    """The order of people: part 2 before part 10."""
    return [(int(each), "") if each.isdecimal() else (0, each) for each in re.split(r"(\d+)", name)]

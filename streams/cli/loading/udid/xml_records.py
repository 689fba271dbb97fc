"""The records of an XML export, one by one: a broken one is named and its neighbours go through.

The text is cut at the tags of the record, and each piece is parsed by itself. So memory holds one record; nothing that
a document type declares reaches a parser, and no entity can grow.

References:
    docs/commands.md, "National database".
"""

import codecs
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import IO, Final, NamedTuple
from xml.etree import ElementTree as ET

from streams.cli.loading.flat_rows import BadRow
from streams.cli.loading.grids import SheetError

Fields = Mapping[str, str]
Record = tuple[int, Fields | BadRow, list[Fields]]
"""Row, the device's own fields or what is wrong with them, its packings."""
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DECLARED: Final = re.compile(rb"""<\?xml[^>]*\bencoding=["']([A-Za-z0-9._-]+)["']""")
_CHUNK: Final = 1 << 18
_CHARACTERS_MAX: Final = 1 << 20
"""Of one record, and of what stands above the first. Own choice: published ones have some thousand."""
_TAG: Final = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>|<(/?)([^\s<>/!?]+)[^<>]*?(/?)>",
    re.DOTALL,
)
_PREFIXES: Final = re.compile(r"""\sxmlns:([^\s<>=:"'&]+)\s*=""")
_DECLARATION: Final = re.compile(r"""\sxmlns(?::[^\s<>=:]+)?\s*=\s*(?:"[^"]*"|'[^']*')""")
_PREFIX: Final = re.compile(r"(</?)[^\s<>/:]+:")


def is_xml(start: bytes) -> bool:
    """Whether a file that begins so is XML."""
    if start.startswith(_UTF16):
        even = start[: len(start) & ~1]
        return even.decode("utf-16", "replace").lstrip().startswith("<")
    return start.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<")


def _encoding(start: bytes) -> str:
    if start.startswith(_UTF16):
        return "utf-16"
    declared = _DECLARED.search(start)
    return "utf-8-sig" if declared is None or declared[1].upper() == b"UTF-8" else declared[1].decode()


def xml_records(
    opened: IO[bytes], key: str, pack: str, wanted: Collection[str], moved: Callable[[int], None]
) -> Iterator[Record]:
    """Devices are the elements with a child `key`, packings those below it with a child `pack`; their `wanted` fields.

    Raises:
        SheetError: there is no such element.
    """
    start = opened.read(200)
    encoding = _encoding(start)
    try:
        decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    except LookupError:
        raise SheetError(f"Expected XML in an encoding that is known, got {encoding!r}.") from None
    for number, piece in enumerate(_Pieces(_texts(opened, start, decoder, moved), key), 1):
        yield _record(number, piece, pack, wanted)


def _texts(
    opened: IO[bytes], start: bytes, decoder: codecs.IncrementalDecoder, moved: Callable[[int], None]
) -> Iterator[str]:
    chunk = start
    while chunk:
        yield decoder.decode(chunk)
        moved(len(chunk))
        chunk = opened.read(_CHUNK)
    yield decoder.decode(b"", final=True)


def _record(number: int, piece: "_Piece", pack: str, wanted: Collection[str]) -> Record:
    if piece.problem is None:
        try:
            (element,) = ET.fromstring(piece.text)  # noqa: S314 -- without document type it has no entities
        except ET.ParseError as error:
            at, _ = error.position
            broken = f"line {piece.line + at - 1}: expected XML, got {str(error).partition(':')[0]}"
        else:
            below = (each for child in element if len(child) for each in child.iter() if each.find(pack) is not None)
            return number, _children(element, wanted), [_children(each, wanted) for each in below]
    else:
        broken = f"line {piece.line}: {piece.problem}"
    return number, BadRow(number, "", broken), []


def _children(element: ET.Element, wanted: Collection[str]) -> Fields:
    named = [(child.tag, child.text.strip()) for child in element if child.text and child.tag in wanted]
    return {name: text for name, text in named if text}


class _Piece(NamedTuple):
    line: int
    """In which it begins, from 1."""
    text: str
    """One element, within one that declares the prefixes of the file."""
    problem: str | None = None
    """Why it can't be parsed; `None` when it may be tried."""


class _Pieces:
    """The text of each record."""

    def __init__(self, texts: Iterator[str], key: str) -> None:
        self._texts = texts
        self._buffer, self._at, self._line = "", 0, 1
        tag, self._around = self._head(key)
        name = re.escape(tag)
        self._begins, self._ends = re.compile(rf"<{name}(?=[\s>])"), re.compile(rf"</{name}\s*>")
        self._prefixed, self._tag = ":" in tag, tag

    def __iter__(self) -> Iterator[_Piece]:
        while self._begin():
            line, end = self._line, self._end()
            if end is None:
                # The next one may begin within: what is broken goes no further than there.
                following = self._begins.search(self._buffer, self._at + 1)
                self._pass(following.start() if following else len(self._buffer))
                yield _Piece(line, "", f"expected the end of the record </{self._tag}>, got none")
                continue
            text = self._buffer[self._at : end]
            self._pass(end)
            if "\ufffd" in text:
                yield _Piece(line, "", "expected characters of the file's encoding, got others")
                continue
            if self._prefixed:
                text = _PREFIX.sub(r"\1", text)
            if "xmlns" in text:
                text = _DECLARATION.sub("", text)
            yield _Piece(line, f"{self._around}{text}</records>")

    def _more(self) -> bool:
        text = next(self._texts, None)
        if text is None:
            return False
        self._buffer = self._buffer[self._at :] + text
        self._at = 0
        return True

    def _pass(self, to: int) -> None:
        self._line += self._buffer.count("\n", self._at, to)
        self._at = to

    def _head(self, key: str) -> tuple[str, str]:
        """The name of the records, which is that of the element around the first key; and what declares prefixes."""
        wanted = re.compile(rf"<(?:[^\s<>/:]+:)?{key}[\s>/]")
        while (found := wanted.search(self._buffer)) is None:
            if len(self._buffer) > _CHARACTERS_MAX or not self._more():
                raise SheetError(f"Expected devices with an element {key}, found none.")
        names: list[str] = []
        for tag in _TAG.finditer(self._buffer, 0, found.start()):
            closes, name, empty = tag.groups()
            if closes:
                while names and names.pop() != name:
                    pass
            elif name is not None and not empty:
                names.append(name)
        if not names:
            raise SheetError(f"Expected devices with an element {key}, found it outside of any.")
        prefixes = dict.fromkeys(_PREFIXES.findall(self._buffer, 0, found.start()))
        return names[-1], "<records{}>".format("".join(f' xmlns:{each}="{each}"' for each in prefixes))

    def _begin(self) -> bool:
        """Go to where the next record begins."""
        while (found := self._begins.search(self._buffer, self._at)) is None:
            # A tag may lie across two chunks.
            rest = self._buffer.rfind("<", self._at)
            self._pass(rest if rest >= 0 and len(self._buffer) - rest < _CHARACTERS_MAX else len(self._buffer))
            if not self._more():
                return False
        self._pass(found.start())
        return True

    def _end(self) -> int | None:
        """Where the record ends; `None`: another begins first, it is too long, or the file ends."""
        looked = self._at
        while (found := self._ends.search(self._buffer, looked)) is None:
            looked = max(self._at, self._buffer.rfind("<"))
            after, length = looked - self._at, len(self._buffer) - self._at
            if length > _CHARACTERS_MAX or not self._more():
                return None
            looked = after
        return None if self._begins.search(self._buffer, self._at + 1, found.start()) else found.end()

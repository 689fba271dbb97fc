"""Exports of the national UDI database as devices: XML as it is published, or a table with its field names.

References:
    docs/commands.md, "National database".
"""

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from xml.etree import ElementTree as ET

from models.calendar import ZONE_DEFAULT
from models.catalogue.udid import ISSUERS, Packing, UdidDevice
from models.udi import Issuer
from models.udi.identifier import as_scanned
from models.udi.issuers.gs1.as_scanned import is_bare_gtin
from streams.cli.loading.column_map import Kind, read_mapped
from streams.cli.loading.flat_rows import BadRow, cell_of, read_code
from streams.cli.loading.grids import SheetError
from streams.cli.loading.sheets import SheetRow

_KEY, _PACK = "zxxsdycpbs", "bzcpbs"
_PACK_FIELDS = (_PACK, "bznhxyjbzcpbs", "bznhxyjcpbssl")
_CODES = (_KEY, "sydycpbs", "btcpbs", _PACK, "bznhxyjbzcpbs")
_OTHER_FIELDS = ("cpbsbmtxmc", "zxxsdyzsydydsl", "cpmctymc", "ggxh", "ylqxzcrbarmc", "ybbm", "bznhxyjcpbssl")
COLUMNS = tuple(dict.fromkeys((*_CODES[:1], "cpbsbmtxmc", *_CODES[1:3], *_OTHER_FIELDS[1:-1], *_PACK_FIELDS)))
"""Of a table, by the database's names; the first is needed."""
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DECLARED = re.compile(rb"""<\?xml[^>]*\bencoding=["']([A-Za-z0-9._-]+)["']""")
_CHUNK = 1 << 16


@dataclass(slots=True)
class Export:
    """What a file holds."""

    devices: list[UdidDevice] = field(default_factory=list)
    """Records that could be read."""
    bad: list[BadRow] = field(default_factory=list)
    """Records that could not, each with its reason."""


def read_export(file: Path) -> Export:
    """Every device of the file, or what is wrong with it.

    Raises:
        OSError: the file can't be read.
        SheetError: it is neither XML with devices nor a table with the column `zxxsdycpbs`.
    """
    with file.open("rb") as opened:
        start = opened.read(200)
    marked = start.startswith(_UTF16)
    is_xml = marked or start.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<")
    export = Export()
    for row, fields, packings in _xml(file, "utf-16" if marked else _declared(start)) if is_xml else _table(file):
        device = fields if isinstance(fields, BadRow) else _device(row, fields, packings)
        (export.bad if isinstance(device, BadRow) else export.devices).append(device)  # type: ignore[arg-type]
    return export


Fields = Mapping[str, str]
Record = tuple[int, Fields | BadRow, list[Fields]]
"""Row, the device's own fields or what is wrong with them, its packings."""


def _declared(start: bytes) -> str:
    declared = _DECLARED.search(start)
    return "utf-8-sig" if declared is None or declared[1].upper() == b"UTF-8" else declared[1].decode()


def _xml(file: Path, encoding: str) -> Iterator[Record]:
    """Devices are the elements with a child `zxxsdycpbs`; packings those below it with a child `bzcpbs`."""
    number = 0
    try:
        for element in _elements(file, encoding):
            if element.find(f"{{*}}{_KEY}") is None:
                continue
            number += 1
            packings = [_children(each) for each in element.iter() if each.find(f"{{*}}{_PACK}") is not None]
            yield number, _children(element), [each for each in packings if _KEY not in each]
            element.clear()
    except (ET.ParseError, UnicodeError, LookupError) as error:
        raise SheetError(f"Expected XML, got {error}.") from None
    if number == 0:
        raise SheetError(f"Expected devices with an element {_KEY}, found none.")


def _elements(file: Path, encoding: str) -> Iterator[ET.Element]:
    """Each element when it is complete. Text is decoded here: the parser itself knows no GB18030."""
    # Expat itself refuses entities that grow without end.
    parser: ET.XMLPullParser[ET.Element] = ET.XMLPullParser(("end",))
    with file.open(encoding=encoding) as opened:
        while chunk := opened.read(_CHUNK):
            parser.feed(chunk)
            for event in parser.read_events():
                yield cast("tuple[str, ET.Element]", event)[1]
    parser.close()


def _children(element: ET.Element) -> Fields:
    named = ((child.tag.rpartition("}")[2], (child.text or "").strip()) for child in element)
    return {name: text for name, text in named if text}


def _table(file: Path) -> Iterator[Record]:
    """A row is a device, or one packing of it: rows of one device follow each other."""
    sheet, _ = read_mapped(Kind.UDID, file, COLUMNS, to_save=True)
    if _KEY not in sheet.columns:
        raise SheetError(
            f"Row {sheet.heading_row}: expected the column {_KEY}, got {', '.join(sheet.headings[:8]) or 'others'}."
        )
    current: tuple[int, Fields, list[Fields]] | None = None
    for row in sheet.rows:
        read = _cells(row)
        if isinstance(read, BadRow):
            yield row.number, read, []
            continue
        pack = {name: read.pop(name) for name in _PACK_FIELDS if name in read}
        if current is not None and read.get(_KEY) == current[1].get(_KEY) is not None:
            current[2].append(pack)
            continue
        if current is not None:
            yield current
        current = (row.number, read, [pack] if pack else [])
    if current is not None:
        yield current


def _cells(row: SheetRow) -> dict[str, str] | BadRow:
    if row.problem is not None:
        return BadRow(row.number, "", row.problem)
    fields = {}
    for name in (*_CODES, *_OTHER_FIELDS):
        try:
            cell = cell_of(row, name)
            if cell is not None:
                fields[name] = read_code(cell, ZONE_DEFAULT) if name in _CODES else str(cell).strip()
        except ValueError as error:
            return BadRow(row.number, name, str(error))
    return fields


def _device(row: int, fields: Fields, packings: Iterable[Fields]) -> UdidDevice | BadRow:
    system = fields.get("cpbsbmtxmc", "GS1")
    issuer = next((issuer for name, issuer in ISSUERS.items() if system.upper().startswith(name)), None)
    if issuer is None:
        return BadRow(row, "cpbsbmtxmc", f"expected GS1, MA or AHM, got {system!r}")
    if _KEY not in fields:
        return BadRow(row, _KEY, "expected the identifier of the sales unit, got none")
    try:
        fields, packings = _named(issuer, fields), [_named(issuer, each) for each in packings]
        units = _count(fields, "zxxsdyzsydydsl") if "zxxsdyzsydydsl" in fields else None
        packs = tuple(_packing(each) for each in packings)
    except ValueError as error:
        column, _, reason = str(error).partition(": ")
        return BadRow(row, column, reason)
    if units is None and fields.get("sydycpbs") == fields[_KEY]:
        # One use unit is sold by itself: both identifiers are one.
        units = 1
    return UdidDevice(
        row,
        issuer,
        fields[_KEY],
        fields.get("sydycpbs"),
        units,
        fields.get("btcpbs"),
        fields.get("cpmctymc"),
        fields.get("ylqxzcrbarmc"),
        fields.get("ybbm"),
        packs,
        fields.get("ggxh"),
    )


def _named(issuer: Issuer, fields: Fields) -> Fields:
    """The fields with identifiers as a scan gives them."""
    for name in _CODES:
        if issuer is Issuer.GS1 and name in fields and not is_bare_gtin(fields[name]):
            raise ValueError(f"{name}: expected a GTIN with a right check digit, got {fields[name]!r}")
    return {name: as_scanned(issuer, text) if name in _CODES else text for name, text in fields.items()}


def _packing(fields: Fields) -> Packing:
    missing = next((name for name in _PACK_FIELDS if name not in fields), None)
    if missing is not None:
        raise ValueError(f"{missing}: expected a value of every package level, got none")
    return Packing(fields[_PACK], fields["bznhxyjbzcpbs"], _count(fields, "bznhxyjcpbssl"))


def _count(fields: Fields, name: str) -> int:
    text = fields[name].removesuffix(".0")
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise ValueError(f"{name}: expected a whole number from 1 to 100000, got {text!r}")
    return int(text)

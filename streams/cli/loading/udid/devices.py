"""Records of the national UDI database as devices: of XML as it is published, or of a table with its field names.

References:
    docs/commands.md, "National database".
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import IO, Final

from models.calendar import ZONE_DEFAULT
from models.catalogue.item import LabelPart
from models.catalogue.udid import CARRIES, ISSUERS, Packing, UdidDevice
from models.udi import Issuer
from models.udi.identifier import as_scanned
from models.udi.issuers.gs1.as_scanned import is_bare_gtin
from streams.cli.loading.flat_rows import BadRow, cell_of, read_code, read_day
from streams.cli.loading.grids import Cell, SheetError
from streams.cli.loading.sheets import SheetRow
from streams.cli.loading.udid.parts import TORN, Part
from streams.cli.loading.udid.table_records import table_rows
from streams.cli.loading.udid.xml_records import Fields, Record, is_xml, xml_records

_KEY, _PACK = "zxxsdycpbs", "bzcpbs"
_PACK_FIELDS: Final = (_PACK, "bznhxyjbzcpbs", "bznhxyjcpbssl")
_CODES: Final = (_KEY, "sydycpbs", "btcpbs", _PACK, "bznhxyjbzcpbs")
_OTHER_FIELDS: Final = (
    "cpbsbmtxmc", "zxxsdyzsydydsl", "cpmctymc", "ggxh", "ylqxzcrbarmc", "ybbm", *CARRIES, "tsrq", "bznhxyjcpbssl",
)  # fmt: skip
COLUMNS: Final = tuple(dict.fromkeys((*_CODES[:1], "cpbsbmtxmc", *_CODES[1:3], *_OTHER_FIELDS[1:-1], *_PACK_FIELDS)))
"""Of a table, by the database's names; the first is needed."""
_WANTED: Final = frozenset(COLUMNS)
_YES: Final = frozenset({"是", "1", "true", "yes", "y"})
_NO: Final = frozenset({"否", "0", "false", "no", "n"})


@dataclass(frozen=True, slots=True)
class Broken:
    """A record of which nothing is loaded."""

    part: str
    """Name of the part of an archive it stands in; empty when the file is no archive."""
    row: int
    """Number of the record in its part; of a table the row, as a spreadsheet counts. 0: the part as a whole."""
    column: str
    """Empty when it is the record as a whole."""
    reason: str
    """What was expected and what came."""


def devices_of(part: Part, moved: Callable[[int], None]) -> Iterator[UdidDevice | Broken]:
    """Every device of the part, or what is wrong with it, in order.

    Raises:
        OSError: the file can't be read.
        SheetError: the file, which is no archive, is neither XML with devices nor a table with the column
            `zxxsdycpbs`. A part of an archive that is neither is broken.
    """
    try:
        with closing(part.opened()) as opened:
            start = opened.read(200)
        with closing(part.opened()) as opened:
            for row, fields, packings in _records(opened, moved, xml=is_xml(start)):
                found = fields if isinstance(fields, BadRow) else _device(row, part.name, fields, packings)
                yield Broken(part.name, found.row, found.column, found.reason) if isinstance(found, BadRow) else found
    except SheetError as error:
        if not part.name:
            raise
        yield Broken(part.name, 0, "", str(error))
    except TORN as error:
        yield Broken(part.name, 0, "", f"expected a part that can be unpacked to its end, got {error}")


def _records(opened: IO[bytes], moved: Callable[[int], None], *, xml: bool) -> Iterator[Record]:
    if xml:
        return xml_records(opened, _KEY, _PACK, _WANTED, moved)
    return _rows(table_rows(opened, COLUMNS, moved))


def _rows(rows: Iterable[SheetRow]) -> Iterator[Record]:
    """A row is a device, or one packing of it: rows of one device follow each other."""
    current: tuple[int, Fields, list[Fields]] | None = None
    for row in rows:
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
                fields[name] = _text(name, cell)
        except ValueError as error:
            return BadRow(row.number, name, str(error))
    return fields


def _text(name: str, cell: Cell) -> str:
    if name == "tsrq":
        return str(read_day(cell, ZONE_DEFAULT))
    return read_code(cell, ZONE_DEFAULT) if name in _CODES else str(cell).strip()


def _device(row: int, part: str, fields: Fields, packings: Iterable[Fields]) -> UdidDevice | BadRow:
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
        carries, withdrawn_on = _carries(fields), _withdrawn_on(fields)
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
        carries,
        withdrawn_on,
        part,
    )


def _carries(fields: Fields) -> tuple[LabelPart, ...] | None:
    """What the record's flags say of the label; a flag that is not said of a record with others is a no."""
    said = {name: fields[name] for name in CARRIES if name in fields}
    for name, text in said.items():
        if text.lower() not in _YES | _NO:
            raise ValueError(f"{name}: expected 是 or 否, got {text!r}")
    return tuple(CARRIES[name] for name, text in said.items() if text.lower() in _YES) if said else None


def _withdrawn_on(fields: Fields) -> date | None:
    if "tsrq" not in fields:
        return None
    try:
        return date.fromisoformat(read_day(fields["tsrq"], ZONE_DEFAULT))
    except ValueError as error:
        raise ValueError(f"tsrq: {error}") from None


def _named(issuer: Issuer, fields: Fields) -> Fields:
    """The fields with identifiers as a scan gives them."""
    codes = {}
    for name in _CODES:
        text = fields.get(name)
        if text is None:
            continue
        if issuer is not Issuer.GS1:
            codes[name] = as_scanned(issuer, text)
        elif is_bare_gtin(text):
            codes[name] = text.zfill(14)
        else:
            raise ValueError(f"{name}: expected a GTIN with a right check digit, got {text!r}")
    return {**fields, **codes}


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

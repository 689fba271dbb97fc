"""Exports of the national UDI database as devices: XML as it is published, or a table with its field names.

References:
    docs/commands.md, "National database".
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from models.udid import ISSUERS, Packing, UdidDevice
from streams.commands.flat_rows import BadRow
from streams.commands.sheets import SheetError, read_sheet

_KEY, _PACK = "zxxsdycpbs", "bzcpbs"
_PACK_FIELDS = (_PACK, "bznhxyjbzcpbs", "bznhxyjcpbssl")


@dataclass(slots=True)
class Export:
    """What a file holds."""

    devices: list[UdidDevice] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)


def read_export(file: Path) -> Export:
    """Every device of the file, or what is wrong with it.

    Raises:
        OSError: the file can't be read.
        SheetError: it is neither XML with devices nor a table with the column `zxxsdycpbs`.
    """
    with file.open("rb") as opened:
        start = opened.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    records = _xml(file) if start.startswith(b"<") else _table(file)
    export = Export()
    for row, fields, packings in records:
        device = _device(row, fields, packings)
        (export.bad if isinstance(device, BadRow) else export.devices).append(device)  # type: ignore[arg-type]
    return export


Fields = Mapping[str, str]
Record = tuple[int, Fields, list[Fields]]


def _xml(file: Path) -> Iterator[Record]:
    """Devices are the elements with a child `zxxsdycpbs`; packings those below it with a child `bzcpbs`."""
    number = 0
    try:
        # Expat itself refuses entities that grow without end.
        for _, element in ET.iterparse(file, events=("end",)):  # noqa: S314 -- see above
            if element.find(_KEY) is None:
                continue
            number += 1
            packings = [_children(each) for each in element.iter() if each.find(_PACK) is not None]
            yield number, _children(element), [each for each in packings if _KEY not in each]
            element.clear()
    except ET.ParseError as error:
        raise SheetError(f"Expected XML, got {error}.") from None
    if number == 0:
        raise SheetError(f"Expected devices with an element {_KEY}, found none.")


def _children(element: ET.Element) -> Fields:
    return {child.tag: (child.text or "").strip() for child in element if child.text and child.text.strip()}


def _table(file: Path) -> Iterator[Record]:
    """A row is a device, or one packing of it: rows of one device follow each other."""
    sheet = read_sheet(file)
    if _KEY not in sheet.columns:
        raise SheetError(f"Row 1: expected the column {_KEY}, got {', '.join(sheet.columns[:8])}.")
    current: Record | None = None
    for row in sheet.rows:
        fields = {name: str(cell).strip() for name, cell in row.cells.items() if cell not in (None, "")}
        if row.problem is not None or any(isinstance(row.cells.get(name), float) for name in (_KEY, "sydycpbs", _PACK)):
            fields = {"problem": row.problem or "expected identifiers as text, got a number"}
        pack = {name: fields.pop(name) for name in _PACK_FIELDS if name in fields}
        if current is not None and fields.get(_KEY) == current[1].get(_KEY) is not None:
            current[2].append(pack)
            continue
        if current is not None:
            yield current
        current = (row.number, fields, [pack] if pack else [])
    if current is not None:
        yield current


def _device(row: int, fields: Fields, packings: Iterable[Fields]) -> UdidDevice | BadRow:
    if "problem" in fields:
        return BadRow(row, "", fields["problem"])
    system = fields.get("cpbsbmtxmc", "GS1")
    issuer = ISSUERS.get(system.upper())
    if issuer is None:
        return BadRow(row, "cpbsbmtxmc", f"expected GS1, MA or AHM, got {system!r}")
    key = fields.get(_KEY)
    if key is None:
        return BadRow(row, _KEY, "expected the identifier of the sales unit, got none")
    try:
        units = _count(fields, "zxxsdyzsydydsl") if "zxxsdyzsydydsl" in fields else None
        packs = tuple(_packing(each) for each in packings)
    except ValueError as error:
        column, _, reason = str(error).partition(": ")
        return BadRow(row, column, reason)
    if units is None and fields.get("sydycpbs") in (None, key):
        # One use unit is sold by itself: both identifiers are one.
        units = 1 if fields.get("sydycpbs") == key else None
    return UdidDevice(
        row,
        issuer,
        key,
        fields.get("sydycpbs"),
        units,
        fields.get("btcpbs"),
        fields.get("cpmctymc"),
        fields.get("ylqxzcrbarmc"),
        fields.get("ybbm"),
        packs,
    )


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

"""A device of China's national UDI database (UDID): its identifiers on every package level, in units of use.

Field names are those of the database's export.

References:
    docs/codes.md, "The national database".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from models.catalogue.item import LabelPart
from models.udi import Issuer

CARRIES = {
    "scbssfbhph": LabelPart.LOT, "scbssfbhxlh": LabelPart.SERIAL,
    "scbssfbhscrq": LabelPart.PRODUCTION, "scbssfbhsxrq": LabelPart.EXPIRY,
}  # fmt: skip
"""What each of the four flags of a record says about the label."""
ISSUERS = {"GS1": Issuer.GS1, "MA": Issuer.MA, "AHM": Issuer.AHM}
"""By the letters that `cpbsbmtxmc` begins with, in capitals: `GS1`, `MA码（IDcode）`, `AHM`."""


@dataclass(frozen=True, slots=True)
class Packing:
    """A package level above the sales unit (`packingList`)."""

    di: str
    """`bzcpbs`."""
    contains: str
    """`bznhxyjbzcpbs`: the identifier of the next lower level."""
    count: int
    """`bznhxyjcpbssl`: how many of that."""


@dataclass(frozen=True, slots=True)
class UdidDevice:
    """A record of the database, as far as a charge catalogue needs it."""

    row: int
    """Number of the record in its part of the file, from 1; of a table the row, as a spreadsheet counts."""
    issuer: Issuer
    """Who issued its identifiers."""
    sales_unit: str
    """`zxxsdycpbs`: the identifier of the smallest sales unit, the key of the database."""
    use_unit: str | None
    """`sydycpbs`."""
    units: int | None
    """`zxxsdyzsydydsl`: units of use in the sales unit; `None` when the record does not say."""
    direct_mark: str | None
    """`btcpbs`: on the device itself."""
    name: str | None
    """`cpmctymc`."""
    registrant: str | None
    """`ylqxzcrbarmc`."""
    insurance_code: str | None
    """`ybbm`."""
    packings: tuple[Packing, ...] = field(default=())
    """Package levels above the sales unit, in any order."""
    spec: str | None = None
    """`ggxh`."""
    carries: tuple[LabelPart, ...] | None = None
    """What the label of the sales unit says beside its identifier (`CARRIES`); `None` when the record has no flag."""
    withdrawn_on: date | None = None
    """`tsrq`: the day from which it is not sold any more; `None` while it is."""
    part: str = ""
    """Name of the part of an archive it stands in; empty when the file is no archive."""

    def levels(self) -> Mapping[str, int | None]:
        """Units of use by identifier, the smallest level first; `None` where a factor is missing on the way down."""
        found: dict[str, int | None] = {}
        for di in (self.use_unit, self.direct_mark):
            if di is not None:
                found[di] = 1
        found.setdefault(self.sales_unit, self.units)
        packings = list(self.packings)
        while packings:
            # Lower levels first, whatever the order of the list; what hangs on nothing known has no factor.
            ready = [each for each in packings if each.contains in found]
            for each in ready or packings:
                below = found.get(each.contains)
                found.setdefault(each.di, None if below is None else below * each.count)
            packings = [each for each in packings if each not in ready] if ready else []
        return found

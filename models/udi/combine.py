"""Several barcodes of one label, taken together. A later one adds, never blanks; what contradicts is a conflict.

References:
    docs/codes.md, section "Labels of several barcodes".
"""

from collections.abc import Sequence
from datetime import date
from itertools import product
from typing import Final, TypeVar

from models.udi.values import (
    CHECK_ERRORS,
    UDI_ISSUERS,
    CodeError,
    Flag,
    Issuer,
    Label,
    ParsedCode,
    Precision,
)

Value = TypeVar("Value", str, date)

_ALTERNATIVES_MAX: Final = 24
_NO_CODE: Final = frozenset({Issuer.INTERNAL, Issuer.INVALID})
_OF_HALVES: Final = frozenset({Flag.PI_ONLY, Flag.NOT_UDI, Flag.DIN_ONLY})
_WARNINGS: Final = frozenset({
    Flag.LOOKS_LIKE_GS1, Flag.PERSONAL_NUMBER, Flag.CN_DRUG_TRACE_CODE, Flag.IFA_PPN, Flag.ISO15434, Flag.BARE_GTIN,
    Flag.RESTRICTED_CIRCULATION, Flag.AHM_UNVERIFIED, Flag.TELEPHONE_NUMBER,
    Flag.OTHER_ISSUER,
})  # fmt: skip
"""What a barcode that is left out was noticed for, and what must not get lost with it."""
_UNPROVED: Final = frozenset({Flag.BARE_GTIN, Flag.AHM_UNVERIFIED})
_GS1_SYMBOLS: Final = ("]C1", "]d2", "]Q3", "]J1", "]e0", "]E", "]I")
_SIGNS_OF_GS1: Final = frozenset({Flag.HRI, Flag.LEADING_GS})
_NO_GTIN: Final = frozenset({CodeError.TOO_SHORT, CodeError.TOO_LONG, CodeError.NOT_NUMERIC})
_CONTENTS: Final = frozenset({"02", "37"})
"""The GTIN and the count of what a logistic unit holds: lot and dates beside them are those of the contents.

References:
    GS1 General Specifications, sections 3.3.3 and 3.3.4, and 4.14: 01 excludes 02 and 37; beside an SSCC alone, lot
    and dates are those of the trade item 01.
"""


def of_one(code: ParsedCode) -> Label:
    """The label of a single barcode."""
    return Label(
        code.issuer,
        code.di,
        code.lot,
        code.serial,
        code.expiry,
        code.production,
        code.link,
        code.uom,
        code.error,
        False,
        code.di is None and _is_logistic(code),
        code.flags,
        tuple(of_one(other) for other in code.alternatives),
        (code,),
        code.expiry_precision,
    )


def of_several(codes: Sequence[ParsedCode]) -> Label:
    """The label of one barcode or more, in the order read."""
    if not codes:
        return Label(Issuer.INVALID, error=CodeError.EMPTY)
    label = of_one(codes[0]) if len(codes) == 1 else _merged(tuple(codes))
    if len(codes) > 1 and any(code.alternatives for code in codes):
        choices = product(*((code,) if _is_doubted(code) else (code, *code.alternatives) for code in codes))
        next(choices)  # The first is the label itself.
        others = [_merged(choice) for choice, _ in zip(choices, range(_ALTERNATIVES_MAX), strict=False)]
        label = _with_alternatives(label, tuple(other for other in others if not other.conflict))
    return label


def _with_alternatives(label: Label, alternatives: tuple[Label, ...]) -> Label:
    fields = {name: getattr(label, name) for name in Label.__slots__}
    return Label(**(fields | {"alternatives": alternatives}))


def of_the_device(codes: Sequence[ParsedCode]) -> list[ParsedCode]:
    """Of the barcodes of one label those that say something of its device, the one that identifies it first."""
    useful = _useful(codes)
    lead = _lead(useful)
    own = (code for code in useful if code is not lead and _not_of(lead, code, useful) is None)
    return [lead, *own]


def _useful(codes: Sequence[ParsedCode]) -> list[ParsedCode]:
    valid = [code for code in codes if code.valid] or [code for code in codes if code.issuer not in _NO_CODE]
    return _without_strays(valid or list(codes))


def _lead(useful: Sequence[ParsedCode]) -> ParsedCode:
    return next((code for code in useful if code.di is not None), useful[0])


def _merged(codes: tuple[ParsedCode, ...]) -> Label:
    useful, own = _useful(codes), of_the_device(codes)
    lead = own[0]
    fields = _Fields()
    for code in own:
        fields.add(code)
    fields.check_identifiers(useful)
    return Label(
        lead.issuer,
        lead.di,
        fields.lot,
        fields.serial,
        fields.expiry,
        fields.production,
        fields.link,
        lead.uom,
        _error(codes),
        fields.conflict,
        lead.di is None and any(_is_logistic(code) for code in useful),
        _flags(codes, useful, lead),
        (),
        codes,
        fields.precision,
    )


def _without_strays(codes: list[ParsedCode]) -> list[ParsedCode]:
    """Without numbers of another thing beside a proved device: one plain number in ten passes as a GTIN."""
    proved = [code for code in codes if code.di is not None and not _UNPROVED.intersection(code.flags)]
    identifiers = {code.di for code in proved}
    return [code for code in codes if not proved or code.di in identifiers or not _is_stray(code, proved)]


def _is_stray(code: ParsedCode, proved: Sequence[ParsedCode]) -> bool:
    """A number that merely passes as a code, and that nothing ties to one of the devices.

    That is a bare number without an article symbol around it, or of restricted circulation (a price label); an AHM
    code, whose grammar is not known, without a lot or serial in common; a telephone number that names no primary.
    """
    if Flag.BARE_GTIN in code.flags:
        plain = code.symbology is None or not code.symbology.startswith(("]E", "]I"))
        return plain or Flag.RESTRICTED_CIRCULATION in code.flags
    if Flag.TELEPHONE_NUMBER in code.flags:
        return code.link not in _links(proved)
    return Flag.AHM_UNVERIFIED in code.flags and not any(_corroborate(code, other) for other in proved)


def _links(codes: Sequence[ParsedCode]) -> set[str]:
    """The check characters of the HIBC primaries: what their secondaries name."""
    return {code.canonical[-1] for code in codes if code.issuer is Issuer.HIBCC and code.di and code.canonical}


def _not_of(lead: ParsedCode, code: ParsedCode, codes: Sequence[ParsedCode]) -> Flag | None:
    """Why what a barcode without an identifier says is not of the device; `None` when it is.

    It is of another thing beside the contents of a logistic unit, and when another issuer gave it and no lot or serial
    is in common. A HIBC secondary of that kind names another device by its link (`_Fields.check_identifiers`).
    """
    if lead.di is None or code.di is not None or code.issuer not in UDI_ISSUERS:
        return None
    names = {name for name, _ in code.elements}
    if names & _CONTENTS or ("00" in names and any(_CONTENTS & {name for name, _ in each.elements} for each in codes)):
        return Flag.LOGISTIC
    identified = [each for each in codes if each.di is not None]
    foreign = all(each.issuer is not code.issuer for each in identified)
    return Flag.OTHER_ISSUER if foreign and not any(_corroborate(code, each) for each in identified) else None


class _Fields:
    """Production identifiers gathered from one code after another."""

    def __init__(self) -> None:
        self.lot: str | None = None
        self.serial: str | None = None
        self.expiry: date | None = None
        self.precision: Precision | None = None
        self.production: date | None = None
        self.link: str | None = None
        self.conflict = False

    def add(self, code: ParsedCode) -> None:
        """Takes what is new; what differs from something known is a conflict."""
        self.lot = self._same(self.lot, code.lot)
        self.serial = self._same(self.serial, code.serial)
        self.production = self._same(self.production, code.production)
        self.link = self._same(self.link, code.link)
        self._add_expiry(code)

    def _same(self, known: Value | None, new: Value | None) -> Value | None:
        if known is not None and new is not None and known != new:
            self.conflict = True
        return new if known is None else known

    def _add_expiry(self, code: ParsedCode) -> None:
        new = code.expiry
        if new is None or self.expiry is None:
            if self.expiry is None:
                self.expiry, self.precision = new, code.expiry_precision
            return
        months = Precision.MONTH in {self.precision, code.expiry_precision}
        same_month = (self.expiry.year, self.expiry.month) == (new.year, new.month)
        if new != self.expiry and not (months and same_month):
            self.conflict = True
        elif self.precision is Precision.MONTH:
            # A day says more than the month it lies in.
            self.expiry, self.precision = new, code.expiry_precision

    def check_identifiers(self, codes: Sequence[ParsedCode]) -> None:
        """Two identifiers are two labels, unless of two issuers that agree on lot or serial: dual marking.

        A HIBC secondary belongs to its primary; without one it needs the same of what stands beside it.
        """
        identified = [code for code in codes if code.di is not None]
        for place, code in enumerate(identified):
            for other in identified[:place]:
                if code.issuer is other.issuer:
                    self.conflict |= code.di != other.di
                else:
                    self.conflict |= not _corroborate(code, other)
        primaries = _links(identified)
        for code in codes:
            if code.link is None or code.di is not None or not identified:
                continue
            stands_alone = not primaries and not any(_corroborate(code, other) for other in identified)
            self.conflict |= stands_alone or bool(primaries and code.link not in primaries)


def _corroborate(one: ParsedCode, other: ParsedCode) -> bool:
    return (one.lot is not None and one.lot == other.lot) or (one.serial is not None and one.serial == other.serial)


def _error(codes: Sequence[ParsedCode]) -> CodeError | None:
    """A wrong check digit anywhere; else any unreadable UDI; else, when no code is valid, the first error.

    Beside a device, what merely looks like a code and cannot be read is none.
    """
    for code in codes:
        if code.error in CHECK_ERRORS:
            return code.error
    identified = any(code.di is not None for code in codes)
    for code in codes:
        if code.error is not None and code.issuer in UDI_ISSUERS and not (identified and _is_doubted(code)):
            return code.error
    return None if any(code.valid for code in codes) else codes[0].error


def _is_doubted(code: ParsedCode) -> bool:
    """It merely begins like a code and cannot be read as one, and nothing says that it is one.

    That is a GS1 lot or serial that goes on too long, without symbology identifier, brackets, separator or an element
    in front that was read (a DOI, a UUID); a web address with a number in place of a GTIN; a formula that begins like
    an ISBT 128 donation number.
    """
    if code.error is None or code.before_error:
        return False
    if code.issuer is Issuer.ICCBBA:
        return Flag.DIN_ONLY in code.flags
    if code.issuer is not Issuer.GS1:
        return False
    if Flag.DIGITAL_LINK in code.flags:
        return code.error in _NO_GTIN
    plain = code.symbology is None or not code.symbology.startswith(_GS1_SYMBOLS)
    return code.error is CodeError.TOO_LONG and plain and not _SIGNS_OF_GS1.intersection(code.flags)


def _is_logistic(code: ParsedCode) -> bool:
    return Flag.LOGISTIC in code.flags or any(name == "00" for name, _ in code.elements)


def _flags(every: Sequence[ParsedCode], codes: Sequence[ParsedCode], lead: ParsedCode) -> tuple[Flag, ...]:
    """All flags in the order noticed, without those of a half that found its other half; warnings of every barcode."""
    dropped = set(_OF_HALVES) if lead.di is not None else set()
    if any(code.di == lead.di and Flag.BARE_GTIN not in code.flags for code in codes):
        dropped.add(Flag.BARE_GTIN)
    found = dict.fromkeys(flag for code in codes for flag in code.flags if flag not in dropped)
    left_out = (code for code in every if code not in codes)
    found |= dict.fromkeys(flag for code in left_out for flag in code.flags if flag in _WARNINGS)
    found |= dict.fromkeys(flag for code in codes if (flag := _not_of(lead, code, codes)) is not None)
    if lead.di is not None and any(_is_doubted(code) for code in every):
        found[Flag.LOOKS_LIKE_GS1] = None
    return tuple(found)

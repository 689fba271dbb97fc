"""A code while it is being read: what the issuers' readers get, what they fill in, and the value it becomes."""

from datetime import date
from typing import Any, NamedTuple, cast

from models.udi.values import CodeError, Flag, Issuer, ParsedCode, Precision, Step


class ValidCode:
    """The quick maker of a valid `ParsedCode`, for the readers only.

    A frozen dataclass sets each of its fields by a call; that is a quarter of the time of a clean scan. This class has
    the same slots, sets them plainly, and then becomes a `ParsedCode`, which Python allows between equal layouts.
    """

    __slots__ = tuple(ParsedCode.__slots__)

    def __init__(  # noqa: PLR0917 -- positional for speed
        self,
        raw: str,
        issuer: Issuer,
        di: str | None,
        lot: str | None,
        serial: str | None,
        expiry: date | None,
        production: date | None,
        flags: tuple[Flag, ...],
        canonical: str | None,
        best_before: date | None,
        quantity: int | None,
        uom: str | None,
        link: str | None,
        elements: tuple[tuple[str, str], ...],
        symbology: str | None,
        alternatives: tuple[ParsedCode, ...],
        steps: tuple[Step, ...],
        expiry_precision: Precision | None,
    ) -> None:
        self.raw = raw
        self.issuer = issuer
        self.di = di
        self.lot = lot
        self.serial = serial
        self.expiry = expiry
        self.production = production
        self.valid = True
        self.error = None
        self.flags = flags
        self.canonical = canonical
        self.best_before = best_before
        self.quantity = quantity
        self.uom = uom
        self.link = link
        self.elements = elements
        self.symbology = symbology
        self.alternatives = alternatives
        self.steps = steps
        self.expiry_precision = expiry_precision
        self.error_at = None
        self.before_error = ()

    def frozen(self) -> ParsedCode:
        """This very object, from now on a `ParsedCode`."""
        code: Any = self
        code.__class__ = ParsedCode
        return cast("ParsedCode", code)


class Scan(NamedTuple):
    """What a reader of codes knows besides the text."""

    scanned_on: date
    """The local day of the scan: gives two-digit years their century."""
    symbology: str | None = None
    """The AIM symbology identifier, if the scanner sent one."""
    sends_separators: bool = False
    """This scanner is known to send separators: none can be lost."""


class Reading:
    """A code while it is being read: what an issuer's reader fills in."""

    __slots__ = (
        "alternatives",
        "before_error",
        "best_before",
        "canonical",
        "di",
        "elements",
        "error",
        "error_at",
        "expiry",
        "expiry_precision",
        "flags",
        "issuer",
        "link",
        "lot",
        "production",
        "quantity",
        "serial",
        "steps",
        "symbology",
        "uom",
    )

    def __init__(self, issuer: Issuer, error: CodeError | None = None, at: int | None = None, *flags: Flag) -> None:
        self.issuer = issuer
        self.error = error
        self.error_at = at
        self.flags = list(flags)
        self.elements: list[tuple[str, str]] = []
        self.steps: list[Step] = []
        self.alternatives: tuple[Reading, ...] = ()
        self.before_error: tuple[tuple[str, str], ...] = ()
        self.di: str | None = None
        self.lot: str | None = None
        self.serial: str | None = None
        self.expiry: date | None = None
        self.expiry_precision: Precision | None = None
        self.production: date | None = None
        self.best_before: date | None = None
        self.canonical: str | None = None
        self.quantity: int | None = None
        self.uom: str | None = None
        self.link: str | None = None
        self.symbology: str | None = None

    def note(self, flag: Flag, text: str | None = None) -> None:
        """Flags once; with a text it is a normalisation step too."""
        if flag not in self.flags:
            self.flags.append(flag)
        if text is not None:
            self.steps.append(Step(flag, text))

    def finish(self, raw: str) -> ParsedCode:
        """The value: an error keeps nothing but itself and what was noticed."""
        flags, steps = tuple(self.flags), tuple(self.steps)
        alternatives = tuple(other.finish(raw) for other in self.alternatives) if self.alternatives else ()
        if self.error is not None:
            return ParsedCode(
                raw,
                self.issuer,
                error=self.error,
                flags=flags,
                symbology=self.symbology,
                alternatives=alternatives,
                steps=steps,
                error_at=self.error_at,
                before_error=self.before_error,
            )
        return ValidCode(
            raw,
            self.issuer,
            self.di,
            self.lot,
            self.serial,
            self.expiry,
            self.production,
            flags,
            self.canonical,
            self.best_before,
            self.quantity,
            self.uom,
            self.link,
            tuple(self.elements),
            self.symbology,
            alternatives,
            steps,
            self.expiry_precision,
        ).frozen()

"""What a scanned code says: issuers, errors, flags, the parsed code and the label.

References:
    docs/codes.md, section "The record"; shared names follow the issuing agencies' own words.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

LENGTH_MAX = 512
"""Characters of one code; anything longer is no code. No source: ours, twice the longest MA code we allow and more."""


class Issuer(StrEnum):
    """Who issued the code, or why nobody did."""

    GS1 = "GS1"
    HIBCC = "HIBCC"
    ICCBBA = "ICCBBA"
    MA = "MA"
    """ZIIOT, 中关村工信二维码技术研究院."""
    AHM = "AHM"
    """AliHealth."""
    INTERNAL = "internal"
    """A text that is no UDI: a house number, an insurance code, a web address."""
    INVALID = "invalid"
    """Nothing that could be a code."""


UDI_ISSUERS = frozenset({Issuer.GS1, Issuer.HIBCC, Issuer.ICCBBA, Issuer.MA, Issuer.AHM})


class CodeError(StrEnum):
    """Why a code is not valid. Names are published; never renamed."""

    EMPTY = "empty"
    NOT_UDI = "not_udi"
    BAD_CHECK_DIGIT = "bad_check_digit"
    BAD_CHECK_CHARACTER = "bad_check_character"
    BAD_DATE = "bad_date"
    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    BAD_CHARACTER = "bad_character"
    NOT_NUMERIC = "not_numeric"
    UNKNOWN_AI = "unknown_ai"
    EMPTY_VALUE = "empty_value"
    AI_COMBINATION = "ai_combination"
    CONFLICTING_AI = "conflicting_ai"
    """The same field twice with two values; also two symbols in one string that contradict each other."""
    BAD_HRI = "bad_hri"
    BAD_DIGITAL_LINK_PATH = "bad_digital_link_path"
    QUALIFIER_ORDER = "qualifier_order"
    BAD_PRIMARY = "bad_primary"
    UNKNOWN_DATA_IDENTIFIER = "unknown_data_identifier"
    BAD_QUANTITY = "bad_quantity"
    HIBC_PROVIDER_STANDARD = "hibc_provider_standard"
    BAD_PPIC = "bad_ppic"
    SERIAL_ZERO = "serial_zero"
    UNKNOWN_DATA_STRUCTURE = "unknown_data_structure"
    COMPOUND_COUNT = "compound_count"
    BAD_MA = "bad_ma"
    MA_CHECK_MISMATCH = "ma_check_mismatch"
    UNSUPPORTED_ISSUER = "unsupported_issuer"


CHECK_ERRORS = frozenset({CodeError.BAD_CHECK_DIGIT, CodeError.BAD_CHECK_CHARACTER, CodeError.MA_CHECK_MISMATCH})
"""A misread: whatever else the label says, it may not be billed."""


SEPARATOR_ERRORS = frozenset({CodeError.TOO_LONG, CodeError.UNKNOWN_AI})
"""Errors a lost separator causes; behind them the elements in front are still good."""


class Flag(StrEnum):
    """What was noticed while reading. Names are published; never renamed."""

    PI_ONLY = "pi_only"
    NO_SYMBOLOGY_ID = "no_symbology_id"
    BARE_GTIN = "bare_gtin"
    RESTRICTED_CIRCULATION = "restricted_circulation"
    HRI = "hri"
    ENCODED_BRACKETS = "encoded_brackets"
    SQUARE_BRACKETS = "square_brackets"
    MIXED = "mixed"
    LABEL_PREFIX = "label_prefix"
    DIGITAL_LINK = "digital_link"
    ZERO_SUPPRESSED_GTIN = "zero_suppressed_gtin"
    GS_SUBSTITUTE = "gs_substitute"
    CARET_FNC1 = "caret_fnc1"
    SPACE_AS_GS = "space_as_gs"
    STRAY_SPACE = "stray_space"
    LEADING_GS = "leading_gs"
    REDUNDANT_SEPARATOR = "redundant_separator"
    SUSPECT_MISSING_SEPARATOR = "suspect_missing_separator"
    SEPARATOR_RESTORED = "separator_restored"
    """A lost separator was put back because exactly one reading fits what this maker prints."""
    IDENTIFIER_ALONE = "identifier_alone"
    """Separators were lost: only the identifier and the fields in front are certain, lot and serial are not."""
    LOOKS_LIKE_GS1 = "looks_like_gs1"
    NOT_UDI = "not_udi"
    LOGISTIC = "logistic"
    COMPOSITE = "composite"
    CONCATENATED_SCANS = "concatenated_scans"
    FULL_WIDTH = "full_width"
    IME = "ime"
    LOWERCASE = "lowercase"
    CAPS_LOCK = "caps_lock"
    STX_ETX = "stx_etx"
    TRAILING_TAB = "trailing_tab"
    ZERO_WIDTH = "zero_width"
    KEY_MAP = "key_map"
    SCANNER_AFFIX = "scanner_affix"
    CODE39_STARS = "code39_stars"
    CHECK_IS_SPACE = "check_is_space"
    DIN_ONLY = "din_only"
    MA_CHECK_MISMATCH = "ma_check_mismatch"
    AHM_UNVERIFIED = "ahm_unverified"
    CN_INSURANCE_CODE = "cn_insurance_code"
    CN_DRUG_TRACE_CODE = "cn_drug_trace_code"
    IFA_PPN = "ifa_ppn"
    ISO15434 = "iso15434"
    ECI = "eci"
    PERSONAL_NUMBER = "personal_number"
    """The identity number of a person, by its check digit; never shown whole."""
    TELEPHONE_NUMBER = "telephone_number"
    """Digits behind a `+`, which may pass as a HIBC secondary."""
    OTHER_ISSUER = "other_issuer"
    """A barcode of another issuer, without an identifier: what it says is not of this device."""
    URL = "url"
    UNDECODABLE = "undecodable"
    """Bytes that are no text in any encoding of the profile; shown as U+FFFD."""


class Precision(StrEnum):
    """How exactly an expiry is printed."""

    DAY = "day"
    MONTH = "month"
    """The date given is the last day of the printed month."""


@dataclass(frozen=True, slots=True)
class Step:
    """One normalisation step: what it was, and the text after it."""

    flag: Flag
    """What was done."""
    text: str
    """The text after it."""


@dataclass(frozen=True, slots=True)
class ParsedCode:
    """One barcode, read. `raw` is what came; every other field is `None` or empty when the code does not say.

    A code that is not valid gives no identifiers: no field of a misread can be used by mistake.
    """

    raw: str
    """The text as it came."""
    issuer: Issuer
    """Who issued it; `internal` of a text that is no UDI, `invalid` of no code at all."""
    di: str | None = None
    """Normal form: GS1 14 digits; HIBCC LIC+PCN+U/M; ICCBBA 16 (blood container 10); MA `MA.156.M0.x.y`; AHM text."""
    lot: str | None = None
    """Lot or batch as printed, case kept; only HIBC is made capital."""
    serial: str | None = None
    """Serial number as printed, case kept; only HIBC is made capital."""
    expiry: date | None = None
    """Last usable day as printed; a month alone gives its last day."""
    production: date | None = None
    """Day of production, GS1 AI 11."""
    valid: bool = False
    """Everything in it conforms to the issuer's standard."""
    error: CodeError | None = None
    """First error met; `None` of a valid code."""
    flags: tuple[Flag, ...] = ()
    """What was noticed, each once."""
    canonical: str | None = None
    """One spelling per content: GS1 element string with true separators, else the issuer's own text."""
    best_before: date | None = None
    """GS1 AI 15, which is no expiry."""
    quantity: int | None = None
    """Count printed on the label; text for a cross-check, never a quantity to charge."""
    uom: str | None = None
    """HIBC unit of measure digit, `0` to `9`."""
    link: str | None = None
    """HIBC link character: the check character of the primary this secondary belongs to."""
    elements: tuple[tuple[str, str], ...] = ()
    """Every element as (name in the issuer's own words, value), in the order read."""
    symbology: str | None = None
    """The AIM symbology identifier the reader sent, `]d2`."""
    alternatives: tuple["ParsedCode", ...] = ()
    """What it would say had separators been lost; empty when nothing is suspected."""
    steps: tuple[Step, ...] = ()
    """Normalisation steps in order; empty for a clean scan."""
    expiry_precision: Precision | None = None
    """Whether a day or only a month is printed; `None` without expiry."""
    error_at: int | None = None
    """Offset of the error in the text after the last step (without symbology identifier)."""
    before_error: tuple[tuple[str, str], ...] = ()
    """GS1 elements read before the error, each valid by itself; for `rules.labels.rescue`, never used as they are."""


@dataclass(frozen=True, slots=True)
class Label:
    """The barcodes of one label, read together."""

    issuer: Issuer
    """Who issued its identifier."""
    di: str | None = None
    """Device identifier in its normal form; `None` when no barcode gives one."""
    lot: str | None = None
    """Lot as printed; `None` when no barcode gives one."""
    serial: str | None = None
    """Serial as printed; `None` when no barcode gives one."""
    expiry: date | None = None
    """Last usable day; `None` when it is not known."""
    production: date | None = None
    """Day of production; `None` when it is not known."""
    link: str | None = None
    """HIBC: check character that ties a secondary symbol to its primary."""
    uom: str | None = None
    """HIBC unit of measure digit; `None` of other issuers."""
    error: CodeError | None = None
    """The error of the label as a whole; `None` when it may be used."""
    conflict: bool = False
    """Two codes contradict each other: two labels were scanned where one was meant."""
    logistic: bool = False
    """A logistic unit (SSCC, or content GTIN) without a device identifier."""
    flags: tuple[Flag, ...] = ()
    """What was noticed on any of its codes."""
    alternatives: tuple["Label", ...] = ()
    """What it would say had separators been lost; empty when nothing is suspected."""
    codes: tuple[ParsedCode, ...] = ()
    """Its barcodes in the order read."""
    expiry_precision: Precision | None = None
    """Whether a day or only a month is printed; `None` without expiry."""

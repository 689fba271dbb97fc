"""The ISO/IEC 15434 envelope around data of some formats: GS1 (05) and ASC MH10 data identifiers (06).

References:
    ISO/IEC 15434, sections 4 and 5: `[)>` RS format GS data RS EOT.
"""

import re
from typing import Final, NamedTuple

from models.udi.being_read import Reading
from models.udi.issuers.gs1.application_identifiers import GS
from models.udi.values import CodeError, Flag, Issuer

_OPENING: Final = re.compile(r"\[\)>[\x1e\x1d]?(05|06)\x1d")
_SUBSTITUTED: Final = re.compile(r"\[\)>([^0-9A-Za-z+]?)(?:05|06)([^0-9A-Za-z+=&])")
"""An envelope with other signs for RS and GS."""
_WITHOUT_CONTROLS: Final = re.compile(r"\[\)>(?:05(?=01[0-9]{14})|06(?=\+[A-Z]|=/|MA\.156\.))")
"""An envelope of a scanner that sends no controls: only where a device identifier follows at once."""
_CODES: Final = ("+", "=/", "=)", "MA.156.")
"""How the codes begin that format 06 may hold: HIBC, ISBT 128, MA."""
_SIGNS: Final = {
    name: sign
    for sign, names in (
        ("\x1e", ("rs", "1e", "30", "0x1e", "▲", "␞", "\\x1e", "\\u001e", "_x001e_", "%1e", "^^", "&#30;", "&#x1e;")),
        ("\x1d", ("gs", "1d", "29", "0x1d", "↔", "␝", "\\x1d", "\\u001d", "_x001d_", "%1d", "^]", "&#29;", "&#x1d;")),
        ("\x04", ("eot", "04", "4", "0x04", "♦", "␄", "\\x04", "\\u0004", "_x0004_", "%04", "^d", "&#4;")),
        ("\x04", ("&#x4;", "&#x04;")),
    )
    for name in names
}  # fmt: skip
"""RS, GS and EOT written out, or as the glyphs of code page 437 and of control pictures."""
_FRAME: Final = re.compile(
    r"[<{\[(](RS|GS|EOT)[>}\])]|[<{]((?:0x)?(?:1E|1D|04)|30|29|4)[>}]|[▲↔♦␞␝␄]|\\x(?:1[ed]|04)|\\u00(?:1[ed]|04)"
    r"|_x00(?:1[ed]|04)_|%(?:1[ed]|04)|\^[\^\]d]|&#(?:30|29|4|x1[ed]|x0?4);",
    re.IGNORECASE,
)
_CLOSING: Final = "\x1e\x04\x1d"


class Envelope(NamedTuple):
    """What the envelope held: a payload to read on, or an answer."""

    payload: str | None
    """Text to read on; `None` when the answer is final."""
    symbology: str | None
    """`]d2` when the payload is a GS1 element string."""
    answer: Reading | None
    """Final answer when the envelope holds no UDI; `None` when there is a payload."""
    more: bool = False
    """It holds more than the payload: data identifiers beside it, or another format."""


def unwrap(text: str) -> Envelope | None:
    """Opens the envelope; `None` when the text has none.

    Format 05 is a GS1 element string. Format 06 may hold a HIBC, ISBT 128 or MA code, or a German pharmacy product
    number (IFA), which is a UDI in Europe and not supported. Other data identifiers are industry codes and no UDI.
    """
    if not text.startswith("[)>"):
        return None
    text = _FRAME.sub(lambda match: _SIGNS[(match[1] or match[2] or match[0]).lower()], text)
    if text[3:4] == "\0":
        text = text.replace("\0", "\x1e")
    match = _OPENING.match(text) or _OPENING.match(text := _with_controls(text))
    if match is None:
        return Envelope(None, None, Reading(Issuer.INTERNAL, CodeError.NOT_UDI, 0, Flag.ISO15434))
    content, _, behind = text[match.end() :].partition("\x1e")
    content, more = content.rstrip(_CLOSING), bool(behind.partition("\x04")[0].strip(_CLOSING))
    if match[1] == "05":
        return Envelope(content, "]d2", None, more)
    parts = content.split(GS)
    code = next((part for part in parts if part.startswith(_CODES)), None)
    if code is not None:
        return Envelope(code, None, None, more or any(part for part in parts if part != code))
    if any(part.startswith("9N") for part in parts):
        return Envelope(None, None, Reading(Issuer.INTERNAL, CodeError.UNSUPPORTED_ISSUER, 0, Flag.IFA_PPN))
    return Envelope(None, None, Reading(Issuer.INTERNAL, CodeError.NOT_UDI, 0, Flag.ISO15434))


def _with_controls(text: str) -> str:
    """The text with RS and GS for the signs that stand in their places behind `[)>`, wherever they occur.

    Where no sign at all came, the two of its opening are put back.
    """
    dropped = _WITHOUT_CONTROLS.match(text)
    if dropped is not None:
        return f"[)>\x1e{text[3:5]}{GS}{text[5:]}"
    match = _SUBSTITUTED.match(text)
    if match is None:
        return text
    record, group = match[1], match[2]
    if record and record != group:
        text = text.replace(record, "\x1e")
    elif record:  # One sign for both: the first is RS, and none that follows ends the record.
        text = f"[)>\x1e{text[match.start(1) + 1 :]}"
    return text.replace(group, GS)

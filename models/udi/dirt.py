"""What scanners, keyboards and input methods add to a code, taken off step by step; and how one scanner is set up.

References:
    docs/codes.md, section "Dirt". AIM identifiers: ISO/IEC 15424, table 1.
"""

import re
from dataclasses import dataclass
from typing import Final

from models.udi.issuers.gs1.application_identifiers import GS
from models.udi.values import Flag, Step

_UNTOUCHED: Final = re.compile(r"[!-~](?:[ -~\x1d]*[!-~])?")
"""Printable ASCII with true separators, no blank at the ends, is taken as it is."""
_ZERO_WIDTH: Final = re.compile("[\u200b-\u200f\u2060\ufeff]")
_NEXT_FRAME: Final = re.compile("\x03\x02")
"""The end of one frame and the beginning of the next: two symbols."""
_STX_ETX: Final = re.compile("(?<![^\0\r\n\t ])[\x02\x03]+|[\x02\x03]+(?![^\0\r\n\t ])")
"""Around a symbol; in the middle of one they are controls like any other."""
_WIDE: Final = re.compile("[\uff01-\uff5b\uff5d\uff5e\u3000]")
"""Without the full-width bar: it is a separator, and one alone is no sign of an input method."""
_FULL_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_NO_BREAK: Final = "\xa0"
"""The blank of web pages and spreadsheets."""
_INPUT_METHOD: Final = str.maketrans("。、￥¥【】《》—", "./$$[]<>_")
_CORNER_BRACKETS: Final = str.maketrans("【】〔〕", "[][]")
_OUTER: Final = "\0\r\n\t "
_BEFORE_SYMBOLOGY: Final = _OUTER + GS
_SYMBOLOGY: Final = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_LINE_ENDS: Final = re.compile(r"\r\n?|\n")
_GLUED: Final = re.compile(r"(?<!\|)(?<!\][A-Za-z][0-9A-Za-z])(?=\][A-Za-z][0-9A-Fa-f])")
_CAPS_LOCK: Final = {
    "]D2": "]d2", "]D1": "]d1", "]c1": "]C1", "]c0": "]C0", "]q3": "]Q3", "]q1": "]Q1", "]j1": "]J1", "]a0": "]A0",
}  # fmt: skip
"""Identifiers as a keyboard with Caps Lock on types them. `]E0` and `]e0` are both real and stay as they are."""
_DESIGNATOR: Final = r"(?:\\{1,2}[0-9]{6}|[、￥¥]{1,2}000[0-9]{3}(?=.))"
"""The signs are the backslash with a Chinese or Japanese input method on; character sets have the numbers 0 to 899."""
_ECI: Final = re.compile(_DESIGNATOR)
"""Designators of the character set, `\\000026`. References: ISO/IEC 15424, 3.3 (modifiers of `]Q2`, `]d4`).
What writes it as text may double the backslash."""
_LEADING: Final = frozenset({"]C1", "]d2", "]Q3", "]J1", "]e0", "]E0", "]E4", "]I1"})
"""Identifiers that say what the content must be: they count before those of plain symbols."""
_LINE_END: Final = r"CR|LF|CR[/ +-]?LF|NL|(?:KEY_)?ENTER|RETURN|0x0[AD]|0[AD]"
_NAMED: Final = rf"{_LINE_END}|TAB|HT|STX|ETX|EOT|SOH|NUL|SUB|0x0[23459]|0[234]"
_CODED: Final = "0[23459AD]"
_WRITTEN: Final = (
    rf"(?:<(?:{_NAMED}|09|10|13)>|\{{(?:{_NAMED})\}}|\[(?:{_NAMED})\]|\((?:CR|LF|CRLF|TAB)\)|\\[rnt]|\\x{_CODED}|\\u00{_CODED}"
    rf"|_x00{_CODED}_|%{_CODED}|\^[MJI]|&#(?:x0?[23459AD]|[23459]|1[03]);|[\u2400-\u240d\u23ce])"
)
_WRITTEN_LEFT: Final = re.compile(rf"{_WRITTEN}{{1,4}}", re.IGNORECASE)
_WRITTEN_RIGHT: Final = re.compile(rf"{_WRITTEN}{{1,4}}$", re.IGNORECASE)
"""Terminators and frames written out as text."""
_WRITTEN_TAB: Final = re.compile(r"<(?:TAB|HT|09)>|\{TAB\}|\[TAB\]|_x0009_|&#(?:x0?)?9;|\u2409", re.IGNORECASE)
_WRITTEN_LINE: Final = re.compile(
    rf"(?:<(?:{_LINE_END}|13)>|\{{(?:{_LINE_END})\}}|\[(?:{_LINE_END})\]|_x000[AD]_|&#(?:x0?[AD]|1[03]);"
    r"|<ETX>(?=<STX>)|(?<=<ETX>)<STX>|[\u240a\u240d\u2424\u23ce])+",
    re.IGNORECASE,
)
"""The ends of symbols written out, where another one follows."""
_WRITTEN_MAX: Final = 44
"""Characters of four of them."""
_SIGN_OF_FRAME: Final = re.compile(r"[<{\[(\\%^_&\u2400-\u240d\u23ce]")
"""Without any of these there is none."""
_SIGN_OF_END: Final = re.compile(r"[<{\[_&\u2409\u240a\u240d\u2424\u23ce]")
_OPENING: Final = re.compile(rf"(?:[\0-\x20\x7f]|{_WRITTEN})*+({_DESIGNATOR}|\][A-Za-z][0-9A-Za-z])", re.IGNORECASE)
"""A designator or a symbology identifier, with the controls, blanks and written-out frames in front of it."""
_LABEL_PREFIX: Final = re.compile(r"UDI(?:-DI)?[: ]\s{0,4}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ScannerProfile:
    """How one scanner, and the keyboard or cable behind it, is set up. The default is a well set up USB scanner."""

    name: str = "default"
    """Device it is of; `default` for devices without one."""
    separators: tuple[str, ...] = ()
    """Texts this scanner sends for FNC1 besides the known substitutes, such as `_` or `029`."""
    prefix: str = ""
    """Text it puts before every code; taken off when present."""
    suffix: str = ""
    """Text it puts behind every code; taken off when present."""
    key_map: tuple[tuple[str, str], ...] = ()
    """Single characters a wrong keyboard layout types, and what they were."""
    encoding: str = "utf-8"
    """Of bytes; GB 18030 is tried next, then what is left is replaced."""
    sends_separators: bool = False
    """Proved by a test symbol at set-up: then a separator cannot have been lost."""
    drops_separators: bool = False
    """Known to drop them: then any text that could be cut may have lost one."""


DEFAULT_PROFILE: Final = ScannerProfile()


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text without the dirt that no issuer means."""

    text: str
    """What is left for the issuers' readers."""
    symbology: str | None
    """AIM symbology identifier, taken off the front; `None` when none was sent."""
    flags: tuple[Flag, ...]
    """What was noticed, each once."""
    steps: tuple[Step, ...]
    """What was taken off, in order."""


def decode(raw: bytes, profile: ScannerProfile) -> tuple[str, bool]:
    """Bytes as text, and whether every byte was text."""
    for encoding in (profile.encoding, "utf-8", "gb18030"):
        try:
            return raw.decode(encoding), True
        except (UnicodeDecodeError, LookupError):
            continue
    return raw.decode("utf-8", errors="replace"), False


def clean(text: str, profile: ScannerProfile) -> Cleaned:
    """Takes off what the scanner and the keyboard added; separators and the issuer's own text stay."""
    steps: list[Step] = []
    if profile is not DEFAULT_PROFILE:
        text = _by_profile(text, profile, steps)
    if _SIGN_OF_END.search(text) is not None:
        text = _with_ends(text, steps)
    if _UNTOUCHED.fullmatch(text) is None:
        text = _folded(text, steps)
    symbology, text = _opened(_without_frame(text, steps), steps)
    text = _stripped_right(_without_frame(text, steps).lstrip(" \t"), steps)
    label = _LABEL_PREFIX.match(text)
    if label is not None and label.end() < len(text):
        text = text[label.end() :]
        steps.append(Step(Flag.LABEL_PREFIX, text))
    return Cleaned(text, symbology, tuple(dict.fromkeys(step.flag for step in steps)), tuple(steps))


def _by_profile(text: str, profile: ScannerProfile, steps: list[Step]) -> str:
    trimmed = text.removeprefix(profile.prefix).removesuffix(profile.suffix)
    if trimmed != text:
        steps.append(Step(Flag.SCANNER_AFFIX, trimmed))
    mapped = trimmed.translate({ord(typed): meant for typed, meant in profile.key_map})
    if mapped != trimmed:
        steps.append(Step(Flag.KEY_MAP, mapped))
    separated = mapped
    for separator in profile.separators:
        separated = separated.replace(separator, GS)
    if separated != mapped:
        steps.append(Step(Flag.GS_SUBSTITUTE, separated))
    return separated


def _folded(text: str, steps: list[Step]) -> str:
    text = _NEXT_FRAME.sub("\n", text)
    for flag, dirt in ((Flag.ZERO_WIDTH, _ZERO_WIDTH), (Flag.STX_ETX, _STX_ETX)):
        if dirt.search(text) is not None:
            text = dirt.sub("", text)
            steps.append(Step(flag, text))
    text = text.replace(_NO_BREAK, " ")
    if _WIDE.search(text) is not None:
        text = text.translate(_FULL_WIDTH)
        steps.append(Step(Flag.FULL_WIDTH, text))
    return text.lstrip(_OUTER)


def _opened(text: str, steps: list[Step]) -> tuple[str | None, str]:
    """The symbology identifier, and the text without it and what scanners put around it.

    The identifier may be encoded as data too: `]` is no character of any code, and what obliges to GS1 counts.
    """
    symbology, at = None, 0
    while (opening := _OPENING.match(text, at)) is not None:
        found, at = opening[1], opening.end()
        if not found.startswith("]"):
            text, at = _without_designators(text[opening.start(1) :], steps), 0
            continue
        meant = _CAPS_LOCK.get(found, found)
        if meant != found:
            steps.append(Step(Flag.CAPS_LOCK, text[at:]))
        if symbology not in _LEADING or meant in _LEADING:
            symbology = meant
    return symbology, text[at:]


def _without_designators(text: str, steps: list[Step]) -> str:
    """A text in ECI mode without the designators of its character set; a code has none of its own."""
    text = _ECI.sub("", text).lstrip(_OUTER)
    steps.append(Step(Flag.ECI, text))
    return text


def _without_frame(text: str, steps: list[Step]) -> str:
    """Terminators and frames taken off that some terminal wrote out, `<CR>`."""
    if _SIGN_OF_FRAME.search(text) is None:
        return text
    framed = _WRITTEN_LEFT.match(text)
    start = framed.end() if framed is not None else 0
    ended = _WRITTEN_RIGHT.search(text, max(start, len(text) - _WRITTEN_MAX))
    bare = text[start : ended.start() if ended is not None else len(text)]
    if bare != text:
        steps.append(Step(Flag.SCANNER_AFFIX, bare))
    return bare


def _with_ends(text: str, steps: list[Step]) -> str:
    """Ends of lines and tabulators made real that some terminal wrote out between two symbols."""
    ended = _WRITTEN_TAB.sub("\t", _WRITTEN_LINE.sub("\n", text))
    if ended != text:
        steps.append(Step(Flag.SCANNER_AFFIX, ended))
    return ended


def _stripped_right(text: str, steps: list[Step]) -> str:
    """Terminators taken off; one blank stays behind a HIBC code, whose check character it may be."""
    stripped = text.rstrip(_OUTER)
    if len(stripped) == len(text):
        return text
    if "\t" in text[len(stripped) :]:
        steps.append(Step(Flag.TRAILING_TAB, stripped))
    if stripped.startswith("+", stripped.rfind("\n") + 1) and text[len(stripped)] == " ":
        return stripped + " "
    return stripped


def without_input_method(text: str) -> str:
    """Chinese punctuation as the keys beneath it would have typed; only for issuers with a check over everything."""
    return text if text.isascii() else text.translate(_INPUT_METHOD)


def without_corner_brackets(text: str) -> str:
    """Brackets of a Chinese input method as the keys beneath them: `【01】`."""
    return text if text.isascii() else text.translate(_CORNER_BRACKETS)


def symbols(text: str) -> list[str]:
    """The symbols in one string: a fast double scan glues two, a QR code may hold two lines.

    `]` is no character of any code, so each `]` with an identifier begins a symbol; except in bracketed notation, and
    behind the bar of a composite.
    """
    if "]" not in text and "\n" not in text and "\r" not in text:
        return [text]
    if text.startswith(("[)>\n", "[)>\r")):
        # An envelope whose RS came as ends of lines; only behind its EOT a line is another symbol.
        envelope, end, rest = text.partition("\x04")
        return [_LINE_ENDS.sub("\x1e", envelope) + end, *(symbols(rest.lstrip(_OUTER)) if rest.strip(_OUTER) else ())]
    lines = [line for line in re.split(r"[\r\n]+", text) if line.strip(_OUTER)]
    if "]" not in text or text.startswith("["):
        return lines
    parts = [part for line in lines for part in _GLUED.split(line) if part]
    # An identifier with nothing behind it is an echo of the one before, no symbol.
    return [part for part in parts if _SYMBOLOGY.sub("", part, count=1).strip(_BEFORE_SYMBOLOGY)] or parts[:1]

"""GS1 human readable interpretation, `(01)…(17)…`: brackets are notation, but a lot may hold brackets too.

References:
    GS1 General Specifications, section 4.15 (HRI rules). Older labels print square brackets.
"""

import re
from collections.abc import Iterator
from typing import Final

from models.udi.being_read import Reading, Scan
from models.udi.issuers.gs1.application_identifiers import GS, RULES, Rule
from models.udi.issuers.gs1.elements import interpret, value_error, walk
from models.udi.values import CodeError, Flag, Issuer

_BRACKETED: Final = re.compile(r"\(\s?([0-9]{2,4})\s?\)", re.ASCII)
_PIECES: Final = re.compile(r"(\(\s?([0-9]{2,4})\s?\))", re.ASCII)
_SQUARE: Final = re.compile(r"\[\s?([0-9]{2,4})\s?\]", re.ASCII)
_OUTER: Final = " \x1d"
_UNCLOSED: Final = re.compile(r"\((?:[0-9]{0,4}|[0-9]{2,4}[^()]*)$", re.ASCII)
_LETTER: Final = re.compile(r"[A-Za-z]")


def starts_bracketed(text: str) -> bool:
    """Whether the text begins with a bracketed application identifier, round or square."""
    match = _BRACKETED.match(text) or _SQUARE.match(text)
    return match is not None and match[1] in RULES


def rounded(text: str) -> str:
    """Square brackets around identifiers made round."""
    return _SQUARE.sub(lambda match: f"({match[1]})" if match[1] in RULES else match[0], text)


def holds_bracketed(text: str) -> bool:
    """Whether some bracketed identifier with a value that looks like its own stands anywhere."""
    return any(ai in RULES and _looks_like(RULES[ai], following) for _, ai, following in _pieces(text))


def keeps_bracketed(text: str | None) -> bool:
    """Whether a lot or serial holds an assigned identifier in brackets, or half of one, `(21` or `(21SN1`."""
    return text is not None and (_UNCLOSED.search(text) is not None or any(ai in RULES for _, ai, _ in _pieces(text)))


def leaves_a_field_empty(text: str) -> bool:
    """Whether a bracketed, assigned identifier has nothing behind it."""
    return any(ai in RULES and not following.strip(_OUTER) for _, ai, following in _pieces(text))


def _pieces(text: str) -> Iterator[tuple[str, str, str]]:
    """(bracket, what stands in it, the text up to the next bracket of digits)."""
    pieces = iter(_PIECES.split(text)[1:])
    return zip(pieces, pieces, pieces, strict=True)


def _looks_like(rule: Rule, following: str) -> bool:
    """A value that might be meant for `rule`: its kind and length, not yet its check digit or calendar."""
    value = following.strip(_OUTER)
    if rule.numeric:
        return value.isdigit()
    return 0 < len(value) <= rule.length_max


def _is_meant(rule: Rule, following: str) -> bool:
    """Whether a bracketed identifier behind a text is one, be its value right or not.

    It is, empty or with whatever stands for no value (`-`, `n.a.`, `YYMMDD`, `pcs`), too long, or a date typed with its
    signs. One letter alone where a number belongs makes the brackets part of the text: lot `B(17)C`.
    """
    value = following.strip(_OUTER)
    return not rule.numeric or _LETTER.fullmatch(value) is None


def _split(text: str) -> list[tuple[str, str, int]]:
    """(identifier, value as it stands, offset of the value). Brackets that are data stay in the value."""
    parts: list[tuple[str, str, int]] = []
    ai, value, start, numeric = "", "", 0, True
    at = 0
    for bracket, inner, following in _pieces(text):
        at += len(bracket) + len(following)
        rule = RULES.get(inner)
        # A number cannot hold brackets; a text can, and does when what follows cannot be meant for that identifier.
        if rule is None or not (numeric or _is_meant(rule, following)):
            value += bracket + following
            continue
        if ai:
            parts.append((ai, value, start))
        ai, value, start, numeric = inner, following, at - len(following), rule.numeric
    parts.append((ai, value, start))
    return parts


def read_hri(text: str, scan: Scan) -> Reading:
    """Reads a text that begins with a bracketed identifier.

    Blanks around values are layout. A separator before a bracket is redundant. When a value does not fit, the text may
    be half element string, half interpretation; that is tried last.
    """
    elements: list[tuple[str, str]] = []
    flags = [Flag.HRI]
    for ai, printed, start in _split(text):
        value = printed.lstrip(" ").rstrip(_OUTER)
        if " " in printed and Flag.STRAY_SPACE not in flags and value != printed.strip(GS):
            flags.append(Flag.STRAY_SPACE)
        if not value:
            return Reading(Issuer.GS1, CodeError.BAD_HRI, start, *flags)
        error = value_error(RULES[ai], value)
        if error is not None:
            return read_mixed(text, scan) or Reading(Issuer.GS1, error, start, *flags)
        elements.append((ai, value))
    return interpret(elements, scan.scanned_on, *flags)


def read_mixed(text: str, scan: Scan) -> Reading | None:
    """Reads a text that is half element string, half interpretation; `None` when that fails too."""
    plain = "".join(
        f"{GS}{ai}{value.lstrip(' ').rstrip(_OUTER)}" if ai else value for ai, value, _ in _split_anywhere(text)
    )
    found = walk(plain.lstrip(GS))
    if found.error is not None or not found.elements:
        return None
    return interpret(found.elements, scan.scanned_on, Flag.HRI, Flag.MIXED)


def _split_anywhere(text: str) -> list[tuple[str, str, int]]:
    first = _BRACKETED.search(text)
    if first is None or first.start() == 0:
        return _split(text)
    return [("", text[: first.start()], 0), *_split(text[first.start() :])]

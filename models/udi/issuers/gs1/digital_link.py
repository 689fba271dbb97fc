"""GS1 Digital Link URIs. The host is text: nothing is ever fetched.

References:
    GS1 Digital Link standard, URI syntax, sections 4.6 to 4.11 (path order, percent-encoding, query).
"""

from itertools import pairwise
from typing import Final
from urllib.parse import unquote

from models.udi.being_read import Reading, Scan
from models.udi.issuers.gs1.application_identifiers import RULES
from models.udi.issuers.gs1.elements import interpret, value_error
from models.udi.values import CodeError, Flag, Issuer

_GTIN_LENGTHS: Final = frozenset({8, 12, 13, 14})
_GTIN_14: Final = 14
_ORDER: Final = ("22", "10", "21")
_THIRD_PARTY: Final = ("235",)
_UNDECODABLE: Final = "\ufffd"


class _Refused(Exception):  # noqa: N818 -- no error of the programme: it ends one reading, caught in this module
    def __init__(self, error: CodeError) -> None:
        super().__init__(error)
        self.error = error


def is_web_address(text: str) -> bool:
    """Whether a text is an http or https address."""
    return text[:8].lower().startswith(("http://", "https://"))


def read_digital_link(text: str, scan: Scan) -> Reading | None:
    """Reads a web address that holds a GTIN; `None` when it has no Digital Link path."""
    address, _, query = text.partition("#")[0].partition("?")
    segments = address.partition("://")[2].split("/")[1:]
    at = _key_at(segments, resolver=_is_of_gs1(address))
    if at is None:
        return _unfinished(address, segments)
    flags = [Flag.DIGITAL_LINK]
    try:
        elements = _path_elements(segments[at:], flags) + _query_elements(query)
    except _Refused as refusal:
        return Reading(Issuer.GS1, refusal.error, None, *flags)
    return interpret(elements, scan.scanned_on, *flags)


def _unfinished(address: str, segments: list[str]) -> Reading | None:
    """An address of GS1's own resolver without a whole GTIN names its issuer; any other may be anything."""
    if not _is_of_gs1(address):
        return None
    empty = any(pair == ("01", "") for pair in pairwise(segments))
    error = CodeError.EMPTY_VALUE if empty else CodeError.BAD_DIGITAL_LINK_PATH
    return Reading(Issuer.GS1, error, None, Flag.DIGITAL_LINK)


def _is_of_gs1(address: str) -> bool:
    return address.partition("://")[2].lower().startswith("id.gs1.org/")


def _key_at(segments: list[str], *, resolver: bool) -> int | None:
    """Where the right-most key `01` stands that a GTIN follows; at GS1's own resolver any number is meant for one.

    Elsewhere `/01/15/` is a day of January.
    """
    places = [at for at in range(len(segments) - 1) if segments[at] == "01" and segments[at + 1][:1].isdigit()]
    whole = [at for at in places if _is_gtin_like(segments[at + 1])]
    return whole[-1] if whole else places[-1] if places and resolver else None


def _is_gtin_like(text: str) -> bool:
    return len(text) in _GTIN_LENGTHS and text.isascii() and text.isdigit()


def _path_elements(segments: list[str], flags: list[Flag]) -> list[tuple[str, str]]:
    if segments[-1] == "" and len(segments) % 2:
        segments = segments[:-1]  # A slash behind the last value; behind a key it is an empty value.
    if len(segments) % 2:
        raise _Refused(CodeError.BAD_DIGITAL_LINK_PATH)
    gtin = segments[1]
    if _is_gtin_like(gtin) and len(gtin) < _GTIN_14:
        flags.append(Flag.ZERO_SUPPRESSED_GTIN)
        gtin = gtin.zfill(14)
    qualifiers = list(zip(segments[2::2], segments[3::2], strict=True))
    _check_order(tuple(key for key, _ in qualifiers))
    return [_element("01", gtin)] + [_element(key, unquote(value)) for key, value in qualifiers]


def _check_order(keys: tuple[str, ...]) -> None:
    """The qualifiers of a GTIN are 22, 10, 21 in this order, or 235 alone."""
    if keys == _THIRD_PARTY:
        return
    if any(key not in _ORDER for key in keys) or len(set(keys)) != len(keys):
        raise _Refused(CodeError.BAD_DIGITAL_LINK_PATH)
    if list(keys) != sorted(keys, key=_ORDER.index):
        raise _Refused(CodeError.QUALIFIER_ORDER)


def _query_elements(query: str) -> list[tuple[str, str]]:
    """The elements of the query. Keys that are no number are of the shop, not of GS1, and are ignored."""
    elements: list[tuple[str, str]] = []
    for pair in query.replace(";", "&").split("&"):
        key, _, value = pair.partition("=")
        if not (key.isascii() and key.isdigit()):
            continue
        if key not in RULES:
            raise _Refused(CodeError.UNKNOWN_AI)
        elements.append(_element(key, unquote(value.replace("+", " "))))
    return elements


def _element(ai: str, value: str) -> tuple[str, str]:
    error = value_error(RULES[ai], value)
    if error is not None:
        raise _Refused(error)
    return ai, value

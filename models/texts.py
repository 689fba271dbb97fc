"""Texts for people, by locale. Every locale in `models/locales` is found by listing and has the same keys."""

from functools import cache, lru_cache
from typing import Final

from models.closing.case import OPEN_GAPS, CaseVerdict, Gap, Proof
from models.money import fen_text
from models.phrases import book
from models.reasons import Reason, Verdict, deciding_reason
from models.wording import LOCALES, texts, words_of

__all__ = [
    "LOCALES", "case_text", "decided_text", "detail_text", "gap_text", "offers_text", "reasons_text", "texts",
    "told", "verdict_text",
]  # fmt: skip


_DETAIL_MAX: Final = 240
"""Characters of a detail that a device shows; a record may have a key as long as itself. Ours."""


@lru_cache(maxsize=16_384)
def told(
    verdict: Verdict, reasons: tuple[Reason, ...], item: str, amount: str, offers: tuple[tuple[str, int], ...]
) -> dict[str, str]:
    """What a device shows, by locale. Nobody changes it: scans alike have the same."""
    return {each: verdict_text(each, verdict, reasons, item, amount) + offers_text(each, offers) for each in LOCALES}


def verdict_text(locale: str, verdict: Verdict, reasons: tuple[Reason, ...], item: str, amount: str) -> str:
    """What a device shows: one sentence about the scan."""
    template, reason = _template(locale, verdict, deciding_reason(reasons))
    return template.replace("{reason}", reason).replace("{item}", item).replace("{amount}", amount)


def detail_text(locale: str, detail: str) -> str:
    """What was expected of a record and what came, as an English sentence says it, behind what a device shows."""
    if not detail:
        return ""
    said = detail if len(detail) <= _DETAIL_MAX else f"{detail[: _DETAIL_MAX - 3]}..."
    return f" {said}" if locale == LOCALES[0] else book(locale).line(said)


def offers_text(locale: str, offers: tuple[tuple[str, int], ...]) -> str:
    """What the store has instead of an item that a breaker holds; nothing when it has nothing."""
    if not offers:
        return ""
    words = texts(locale)["offers"]
    return words["same_type"].replace("{items}", words["between"].join(f"{name} ({left})" for name, left in offers))


def case_text(locale: str, proof: Proof) -> str:
    """What a desk shows of a case close proof: one sentence."""
    key, tables = proof.key, texts(locale)
    template = tables["case"]["closed" if proof.verdict is CaseVerdict.CLOSED else proof.trigger]
    waits = sum(len(gap.scan_ids) for gap in proof.gaps if gap.kind in OPEN_GAPS)
    return template.format(
        case=f"{key.encounter}/{key.operation}" if key.operation else key.encounter,
        gaps=len(proof.gaps),
        open=waits,
        units=proof.numbers.scans.units,
        amount=fen_text(proof.numbers.charges.amount_fen),
    )


def gap_text(locale: str, gap: Gap) -> str:
    """What a gap is, and what to do about it."""
    tables = texts(locale)
    reason = tables["reason"][gap.reason] if gap.reason else ""
    return tables["gap"][gap.kind].replace("{reason}", reason)


_GIVEN: Final = "given to "
_STANDS: Final = ((" (waits)", "waits"), (" (not done)", "not-done"))
"""How a command ends in a scan's history whose lane has not carried it out, and what that is called."""


def decided_text(locale: str, what: str) -> str:
    """What happened to a scan, as its history has it: a verdict, whom it was given to, or what a person commanded."""
    verdicts, commands = words_of("verdict", locale), words_of("command", locale)
    if what in verdicts:
        return verdicts[what]
    if what.startswith(_GIVEN):
        return commands["given"].replace("{who}", what[len(_GIVEN) :])
    for end, stands in _STANDS:
        if what.endswith(end):
            command = what[: -len(end)]
            return commands[stands].replace("{what}", commands.get(command, command))
    return commands.get(what, what)


def reasons_text(locale: str, what: str, detail: str) -> str:
    """Why it happened: the reasons of a verdict in words; what a person wrote as it is."""
    if what not in words_of("verdict", locale):
        return detail
    tables = texts(locale)
    return tables["offers"]["between"].join(tables["reason"].get(each, each) for each in detail.split(", ") if each)


@cache
def _template(locale: str, verdict: Verdict, reason: Reason | None) -> tuple[str, str]:
    tables = texts(locale)
    return tables["verdict"][verdict], tables["reason"][reason] if reason else ""

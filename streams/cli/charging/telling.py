"""A scan in one line, as lists and answers name it: goods, patient, what became of it, money."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from models.reasons import Reason, Verdict, deciding_reason
from models.texts import decided_text, reasons_text, texts
from models.wording import LOCALES
from sinks.postgres.charging.parked_and_held import HistoryEntry
from sinks.postgres.charging.stories import Brief
from streams.cli.phrases import word
from streams.cli.shown import Console, joined, short
from streams.language import language, say

WIDE_COLUMNS: Final = 160
"""From so many on lists show whole ids: twice the 80 that they are made for. Own choice."""


def listed_id(id_: UUID) -> str:
    """A scan's id in a list: whole where the terminal is wide enough for it beside the others."""
    return str(id_) if Console().width >= WIDE_COLUMNS else short(id_)


def became(verdict: str, reasons: Sequence[str]) -> str:
    """A verdict, with its reason in words where money waits or was not asked for.

    The half of a joined label that only gave its lot or serial says so.
    """
    if verdict == Verdict.RECORDED and "half-label" in reasons:
        return say("desk", "said", "other-half")
    reason = deciding_reason(tuple(Reason(each) for each in reasons))
    if reason is None or verdict in {Verdict.BILLED, Verdict.CREDITED}:
        return word(verdict, "verdict")
    return f"{word(verdict, 'verdict')}: {texts(language())['reason'][reason]}"


def goods(item: str | None, name: str | None, di: str | None, lot: str | None, serial: str | None) -> str:
    """What was scanned: the item or, while it is unknown, the identifier; lot and serial."""
    what = " ".join(filter(None, (item, name))) or di or say("desk", "said", "no-identifier")
    return joined((
        what,
        lot and say("desk", "said", "lot", lot=lot),
        serial and say("desk", "said", "serial", serial=serial),
    ))  # fmt: skip


def decided(row: HistoryEntry) -> str:
    """What happened to a scan; English has the names that JSON has."""
    return row.what if language() == LOCALES[0] else decided_text(language(), row.what)


def detail_of(row: HistoryEntry) -> str:
    """Reasons of a verdict in words; what a person wrote as it is."""
    return reasons_text(language(), row.what, row.detail)


def told(scan: Brief) -> str:
    """Goods, patient, verdict and money of a scan."""
    what = goods(scan.item_code, scan.item_name, scan.di, scan.lot, scan.serial)
    whom = f", {scan.encounter}" if scan.encounter else ""
    money = f", {scan.amount:,.2f} CNY" if scan.amount else ""
    return f"{what}{whom}: {became(scan.verdict, scan.reasons)}{money}"

"""A difference in a few words, in the language: what kind it is, why it is likely there, what mends it."""

from collections.abc import Sequence
from typing import Final, Protocol

from models.reconciling.differences import Fix, LikelyCause
from streams.cli.phrases import told_cell

_CAUSES: Final = {
    LikelyCause.NOT_POSTED: "not posted",
    LikelyCause.NOT_CHARGED_YET: "waits here",
    LikelyCause.OTHER_ITEM: "another item",
    LikelyCause.OTHER_INSURANCE_CODE: "another insurance code",
    LikelyCause.OTHER_PRICE: "another price",
    LikelyCause.MORE_THAN_USED: "more than used",
    LikelyCause.LESS_THAN_USED: "less than used",
    LikelyCause.OTHER_PATIENT: "another patient",
    LikelyCause.CHARGED_TWICE: "charged twice",
    LikelyCause.NOT_CHARGEABLE: "not chargeable",
    LikelyCause.RETURNED: "use taken back",
    LikelyCause.NOT_SCANNED: "never scanned",
    LikelyCause.UNKNOWN_ENCOUNTER: "unknown encounter",
}
_FIXES: Final = {
    Fix.POST: "post it",
    Fix.CANCEL: "cancel it",
    Fix.REPLACE: "replace it",
    Fix.FREE_SCAN: "free the scan",
}


class Judged(Protocol):
    """What a list's row and a version of a difference have in common."""

    @property
    def kind(self) -> str:
        """A `DifferenceKind`."""

    @property
    def aspects(self) -> Sequence[str]:
        """In what the line differs, each an `Aspect`."""


def kind_told(difference: Judged) -> str:
    """`wrong price`."""
    return " ".join((told_cell(difference.kind), ", ".join(map(told_cell, difference.aspects)))).strip()


def cause_told(cause: str) -> str:
    """`another price`, of the name that JSON has for a cause."""
    return told_cell(_CAUSES[LikelyCause(cause)])


def fix_told(fix: str) -> str:
    """`replace it`, of the name that JSON has for a fix."""
    return told_cell(_FIXES[Fix(fix)])

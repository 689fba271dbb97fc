"""Why a person's command is not carried out: values with a text in every locale, as a scan's reasons are.

References:
    docs/semantics/corrections.md, "Commands of persons".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from models.wording import LOCALES, texts


class CommandRefusal(StrEnum):
    """What stands against a command. Each has a text in every locale, table `refusal`."""

    UNKNOWN_SCAN = "unknown-scan"
    """There is no recorded scan of that id."""
    NO_PAIR = "no-pair"
    """The scan was not joined with the other half of its label."""
    PAIR_UNDONE = "pair-undone"
    """Somebody undid the pair before."""
    PAIR_NOT_USED = "pair-not-used"
    """`{action}`: what was done with the pair instead."""
    PAIR_NOT_IN_BOOKS = "pair-not-in-books"
    """No use of the pair stands."""
    NOT_HELD = "not-held"
    """`{action}` and `{verdict}`: what the scan is instead."""
    HELD_FOR_GOODS = "held-for-goods"
    """`{reason}`: which unit or item it was is not known, and no person's release says it."""
    NOT_OVERRIDABLE = "not-overridable"
    """`{reason}`: what it is held for is no decision of the hospital."""
    BAD_OVERRIDE = "bad-override"
    """`{error}`: what is wrong with badge or reason."""
    BAD_READING = "bad-reading"
    """`{given}` and `{error}`: what was given, and what is wrong with it."""
    NO_SUCH_READING = "no-such-reading"
    """It is none of the label's readings, or the scan counts no more."""
    SAME_READING = "same-reading"
    """It is the reading that stands."""
    NOT_IDENTIFIABLE = "not-identifiable"
    """Some of it was returned, its serial is another use's, or a lot or serial that is known is not said."""
    BAD_CORRECTION = "bad-correction"
    """`{given}` and `{error}`: what was given, and what is wrong with it."""
    BAD_CODES = "bad-codes"
    """`{codes}` and `{reason}`: what is said to be right can't be recorded itself."""
    NOTHING_CORRECTED = "nothing-corrected"
    """It is what was scanned."""
    LABEL_TEXT_GONE = "label-text-gone"
    """Retention has let the texts of its label go, and the correction brings neither codes nor an item."""
    COUNTS_NO_MORE = "counts-no-more"
    """`{reason}`: a person has rejected or corrected it before."""
    HALF_WAITS = "half-waits"
    """It is not decided yet."""
    NOTHING_TO_TAKE_BACK = "nothing-to-take-back"
    """`{action}` and `{verdict}`: neither a use nor a scan that waits."""
    USE_NOT_IN_BOOKS = "use-not-in-books"
    """`{verdict}`: what the use is instead."""
    PARTLY_RETURNED = "partly-returned"
    """`{units}`: units of use that were returned."""
    INTERNAL_ERROR = "internal-error"
    """`{error}`: name of the failure, which the log has; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A command that is not carried out."""

    why: CommandRefusal
    """What stands against it."""
    values: Mapping[str, object] = field(default_factory=dict)
    """What came instead, by the names in the text."""

    @property
    def text(self) -> str:
        """One sentence in English, as the books keep it; the commands say it in the language of whoever asks."""
        return texts(LOCALES[0])["refusal"][self.why].format(**self.values)

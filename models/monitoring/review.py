"""The review of a finding: who looks at it, what was said and done, and which step may follow which.

References:
    docs/reviews.md. The expert review (quality, medical and insurance departments, experts of the house and outside)
    and the interventions talk, warning, circuit breaker and re-selection: docs/studies.md, "Gansu study" (2022,
    table 2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple


class ReviewState(StrEnum):
    """Where a review stands."""

    NEW = "new"
    """Nobody has it."""
    ASSIGNED = "assigned"
    """Somebody has it, until a day."""
    REVIEWED = "reviewed"
    """At least one opinion is there."""
    ACTED = "acted"
    """Something was done."""
    CLOSED = "closed"
    """It has an outcome."""


class Step(StrEnum):
    """What can be done with a review."""

    ASSIGN = "assign"
    OPINION = "opinion"
    TALK = "talk"
    """With the department's director or the clinician."""
    WARN = "warn"
    """A letter; `receipt` says that it was received."""
    RECEIPT = "receipt"
    BREAK = "break"
    """Opens a circuit breaker."""
    RESELECT = "reselect"
    """The item is selected anew, with a dossier."""
    EFFECT = "effect"
    """What became of it was measured."""
    CLOSE = "close"
    REOPEN = "reopen"
    """What the finding rests on has changed; done by the books, never by a person."""


_NEW, _ASSIGNED, _REVIEWED, _ACTED, _CLOSED = ReviewState
INTERVENTIONS: Final = (Step.TALK, Step.WARN, Step.BREAK, Step.RESELECT)
TRANSITIONS: Final[dict[tuple[ReviewState, Step], ReviewState]] = {
    (_NEW, Step.ASSIGN): _ASSIGNED,
    (_ASSIGNED, Step.ASSIGN): _ASSIGNED,
    (_ASSIGNED, Step.OPINION): _REVIEWED,
    (_ASSIGNED, Step.CLOSE): _CLOSED,
    (_REVIEWED, Step.ASSIGN): _REVIEWED,
    (_REVIEWED, Step.OPINION): _REVIEWED,
    (_REVIEWED, Step.TALK): _ACTED,
    (_REVIEWED, Step.WARN): _ACTED,
    (_REVIEWED, Step.BREAK): _ACTED,
    (_REVIEWED, Step.RESELECT): _ACTED,
    (_REVIEWED, Step.CLOSE): _CLOSED,
    (_ACTED, Step.ASSIGN): _ACTED,
    (_ACTED, Step.OPINION): _ACTED,
    (_ACTED, Step.TALK): _ACTED,
    (_ACTED, Step.WARN): _ACTED,
    (_ACTED, Step.RECEIPT): _ACTED,
    (_ACTED, Step.BREAK): _ACTED,
    (_ACTED, Step.RESELECT): _ACTED,
    (_ACTED, Step.EFFECT): _ACTED,
    (_ACTED, Step.CLOSE): _CLOSED,
    (_CLOSED, Step.EFFECT): _CLOSED,
    (_CLOSED, Step.REOPEN): _REVIEWED,
}
"""State and step: the state that follows. What is not here is refused."""


class Vote(StrEnum):
    """What an opinion comes to."""

    JUSTIFIED = "justified"
    DOUBTFUL = "doubtful"
    UNJUSTIFIED = "unjustified"


class Voice(StrEnum):
    """For whom an opinion speaks."""

    QUALITY = "quality"
    MEDICAL = "medical"
    INSURANCE = "insurance"
    INSIDE = "inside-expert"
    OUTSIDE = "outside-expert"


class ReviewRefusal(StrEnum):
    """Why a step can't be done. Each has a text in every locale."""

    UNKNOWN_FINDING = "unknown-finding"
    NOT_NOW = "not-now"
    """The table has no such step from this state."""
    NO_WARNING = "no-warning"
    """There is no warning to receive."""
    NO_USE_AFTER = "no-use-after"
    """The books have no month before the finding, or none after the intervention."""


@dataclass(frozen=True, slots=True)
class ReviewEntry:
    """A step that was done; entries of a finding are numbered 1, 2, 3 and so on."""

    n: int
    """Its number within the finding."""
    at: datetime
    """When it was done."""
    by: str
    """Who did it."""
    step: Step
    """What was done."""
    state: ReviewState
    """After it."""
    text: str
    """What was said, in the person's words."""
    owner: str | None = None
    """Of an assignment: who has it from now on."""
    due_on: date | None = None
    """Of an assignment: the day until which."""
    voice: Voice | None = None
    """Of an opinion: for whom it speaks."""
    vote: Vote | None = None
    """Of an opinion: what it comes to."""
    effect: Mapping[str, Any] | None = None
    """Of an effect: what was measured, by the names of `Effect`, amounts in yuan without `_fen`."""


class Effect(NamedTuple):
    """The item's use a month before and after, and that of the same type elsewhere in the hospital. Fen."""

    before_fen: int
    """Mean use a month before the step."""
    after_fen: int
    """Mean use a month after it."""
    elsewhere_before_fen: int
    """Mean use a month of the same type elsewhere, before."""
    elsewhere_after_fen: int
    """Mean use a month of the same type elsewhere, after."""
    months_before: int
    """Months that the mean before is of."""
    months_after: int
    """Months that the mean after is of."""
    after_from: str
    """The first of them, like 2022-06."""
    departments: tuple[str, ...]
    """Where the item's use was measured: those that make up the rise; empty: the whole hospital."""

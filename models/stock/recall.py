"""The recall notice, as it lies on `udi.recalls`, and the notices in force as decisions look them up.

References:
    docs/contract.md, section "Recall"; docs/store.md, "Recall".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import Field, ValidationInfo, model_validator

from models.udi import Issuer
from models.wire.strict_json import (
    INSTANT_END,
    INSTANT_MIN,
    Body,
    Day,
    Hospital,
    Identifier,
    Refusal,
    Text,
    WireModel,
    read_record,
)

SCHEMA: Final = "udi.recall/1"
Code = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
NOTICE_DAYS: Final = {"1": 1, "2": 3, "3": 7}
"""Days in which users are told of a recall, by its class.

References:
    医疗器械召回管理办法 (2017), article 17: class 1 within 1 day, class 2 within 3, class 3 within 7.
"""


def plain(code: str) -> str:
    """A lot or serial as people mean it: without blanks, in capitals.

    A notice is typed by people. Two lots that differ only so are taken for one: in a recall the safe side is to look.
    """
    return "".join(code.split()).upper()


_RECORDED: Final = {"recorded": True}
"""The notice was accepted before: it is not asked again whether its ranges are any."""


class RecallLine(WireModel):
    """Which units are meant: an identifier or item, narrowed by what is given of the rest."""

    issuer: Annotated[Issuer, Field(strict=False)] | None = None
    """Issuing agency of `di`; given together with it."""
    di: Code | None = None
    """Identifier of any package of the item: all its packages are meant."""
    item_code: Identifier | None = None
    """The item, when no identifier names it."""
    lots: Annotated[list[Code], Field(max_length=10_000)] = []
    """Lots that are meant."""
    serials: Annotated[list[Code], Field(max_length=10_000)] = []
    """Serials that are meant."""
    serial_from: Code | None = None
    """First serial of a range; compared with serials of equal length, as text, both `plain`. Included."""
    serial_to: Code | None = None
    """Last serial of the range, included."""
    produced_from: Day | None = None
    """First day of production, included."""
    produced_to: Day | None = None
    """Included."""
    expiry_from: Day | None = None
    """First expiry day, included."""
    expiry_to: Day | None = None
    """Included."""

    @model_validator(mode="after")
    def _check_together(self, info: ValidationInfo) -> Self:
        if (self.issuer is None) != (self.di is None):
            raise ValueError("Expected issuer and di together")
        if self.di is None and self.item_code is None:
            raise ValueError("Expected an identifier (issuer and di) or an item_code")
        if info.context != _RECORDED and self.serial_from is not None and self.serial_to is not None:
            first_serial, last_serial = plain(self.serial_from), plain(self.serial_to)
            if len(first_serial) != len(last_serial):
                raise ValueError("Expected serial_from and serial_to of one length")
            if first_serial > last_serial:
                raise ValueError("Expected serial_to at or after serial_from")
        for first, last, name in (
            (self.produced_from, self.produced_to, "produced"), (self.expiry_from, self.expiry_to, "expiry"),
        ):  # fmt: skip
            if first is not None and last is not None and first > last:
                raise ValueError(f"Expected {name}_to at or after {name}_from")
        return self


class Recall(WireModel):
    """A notice: which units come back, and how urgent it is. A later version stands in place of the earlier."""

    schema_: Literal["udi.recall/1"] = Field(alias="schema")
    """Name and version of the record's schema."""
    hospital: Hospital
    """Id of the hospital; the first part of every record key."""
    recall: Identifier
    """Id of the notice, the same for all its versions."""
    version: Annotated[int, Field(ge=1, lt=2**31)]
    """Higher than the one before, else the record is a dead letter."""
    issued_on: Annotated[Day, Field(ge=INSTANT_MIN.date(), lt=INSTANT_END.date())]
    """Day from which the days to tell users are counted."""
    class_: Literal["1", "2", "3"] = Field(alias="class")
    """1: serious harm is possible or has happened; 3: harm is unlikely."""
    reason: Text | None = None
    """What is wrong with the goods."""
    lines: Annotated[list[RecallLine], Field(min_length=1, max_length=1_000)]
    """Which units are meant; each version lists all of them."""
    ended_on: Day | None = None
    """Last day on which it blocks; `None` while it is in force."""

    @model_validator(mode="after")
    def _check_end(self) -> Self:
        if self.ended_on is not None and self.ended_on < self.issued_on:
            raise ValueError("Expected ended_on at or after issued_on")
        return self

    @property
    def due_on(self) -> date:
        """The last day on which the users of the units may be told."""
        return self.issued_on + timedelta(days=NOTICE_DAYS[self.class_])

    def blocks(self, day: date) -> bool:
        """It is in force for a scan of the day."""
        return self.ended_on is None or day <= self.ended_on


def read_recall(key: bytes | None, value: bytes | None) -> tuple[Recall, Body] | Refusal:
    """A record of `udi.recalls`, or why it is none."""
    return read_record(Recall, key, value, lambda recall: (recall.hospital, recall.recall))


def recorded_recall(value: bytes) -> Recall:
    """A notice out of the books, which was accepted when it came.

    Earlier versions of ours compared the ends of a range as they were written: such a range may be of two lengths, or
    begin after its end, as `plain` has it. It then names nothing.
    """
    return Recall.model_validate_json(value, context=_RECORDED)


def not_newer(recall: Recall, known: int) -> str:
    """Why a notice is refused whose version the books know already with another body, or a higher one."""
    expected = f"Expected version {known + 1} or later of {recall.recall}: the books know version {known}"
    if recall.version == known:
        return f"{expected}, got version {recall.version} with another body."
    return f"{expected}, got version {recall.version}."


class Named(NamedTuple):
    """A line with the notice it stands in."""

    notice: Recall
    """Version in force that names the units."""
    line: RecallLine
    """The line of it that names the units."""


@dataclass(slots=True)
class _Lines:
    """The lines that name one identifier or item, by what can make them mean a unit for certain."""

    by_lot: dict[str, list[Named]] = field(default_factory=dict)
    by_serial: dict[str, list[Named]] = field(default_factory=dict)
    others: list[Named] = field(default_factory=list)
    """With a range of serials, or of all units."""

    def add(self, named: Named) -> None:
        line = named.line
        for lot in {plain(each) for each in line.lots}:
            self.by_lot.setdefault(lot, []).append(named)
        for serial in {plain(each) for each in line.serials}:
            self.by_serial.setdefault(serial, []).append(named)
        is_range = line.serial_from is not None or line.serial_to is not None
        if is_range or not (line.lots or line.serials):
            self.others.append(named)


@dataclass(slots=True)
class Recalls:
    """The newest version of every notice, by what it names."""

    _notices: dict[tuple[str, str], Recall] = field(default_factory=dict)
    _by_identifier: dict[tuple[str, str, str], _Lines] = field(default_factory=dict)
    _by_item: dict[tuple[str, str], _Lines] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._notices)

    def put(self, notices: Iterable[Recall]) -> None:
        """Take notices; an older version of one that is known changes nothing."""
        new, replaced = [], False
        for notice in notices:
            known = self._notices.get((notice.hospital, notice.recall))
            if known is None or known.version < notice.version:
                self._notices[notice.hospital, notice.recall] = notice
                new.append(notice)
                replaced = replaced or known is not None
        if replaced:
            self._by_identifier.clear()
            self._by_item.clear()
        for notice in self._notices.values() if replaced else new:
            self._add(notice)

    def _add(self, notice: Recall) -> None:
        for line in notice.lines:
            named = Named(notice, line)
            if line.issuer is not None and line.di is not None:
                key = (notice.hospital, line.issuer.value, line.di)
                self._by_identifier.setdefault(key, _Lines()).add(named)
            if line.item_code is not None:
                self._by_item.setdefault((notice.hospital, line.item_code), _Lines()).add(named)

    def naming(
        self,
        hospital: str,
        item_code: str | None,
        identifiers: Iterable[tuple[str, str]],
        lots: Iterable[str],
        serial: str | None,
    ) -> Iterator[Named]:
        """The lines that may mean for certain a unit of the item or of one of the identifiers (issuer, di).

        What it costs does not grow with the lots and serials that notices name beside those of the unit; these are
        given as `plain` has them.
        """
        for lines in self._of(hospital, item_code, identifiers):
            yield from lines.others
            for lot in lots:
                yield from lines.by_lot.get(lot, ())
            yield from lines.by_serial.get(serial, ()) if serial is not None else ()

    def names_lots(self, hospital: str, item_code: str | None, identifiers: Iterable[tuple[str, str]]) -> bool:
        """Whether a line names lots of the item or of one of the identifiers."""
        return any(lines.by_lot for lines in self._of(hospital, item_code, identifiers))

    def _of(self, hospital: str, item_code: str | None, identifiers: Iterable[tuple[str, str]]) -> Iterator[_Lines]:
        places = [self._by_item.get((hospital, item_code))] if item_code is not None else []
        places += [self._by_identifier.get((hospital, issuer, di)) for issuer, di in identifiers]
        return filter(None, places)

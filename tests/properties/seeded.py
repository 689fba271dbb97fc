"""Encounters of which some charges are missed, wrong or extra on the HIS's books, and which."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from models.money import line_amount_fen
from models.reconciling.differences import Difference, DifferenceKind, Line, Use, UseStatus
from rules.reconciling import across, reconcile

MONTH = datetime(2022, 5, 31, 16, tzinfo=UTC)
ITEMS = 300
DEPARTMENTS = 12
WRONGS = ("item", "insurance", "price", "quantity", "patient")
MISSED, WRONG, EXTRA = 0.02, 0.01 * len(WRONGS), 0.01


@dataclass(frozen=True, slots=True)
class Told:
    """A difference, by its kind and two sides."""

    kind: str
    aspects: tuple[str, ...]
    scan_id: UUID | None
    line_id: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """What it counts for."""
        return self.kind, *self.aspects


@dataclass(slots=True)
class Book:
    """Both sides of every encounter, and what was seeded."""

    uses: dict[str, list[Use]] = field(default_factory=lambda: defaultdict(list))
    lines: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))
    seeded: list[Told] = field(default_factory=list)

    def truth(self) -> set[Told]:
        """What was seeded."""
        return set(self.seeded)

    def found(self) -> set[Told]:
        """What the rules find in it."""
        return {
            Told(str(each.kind), tuple(map(str, each.aspects)), each.scan_id, each.line_id) for each in self.compare()
        }

    def compare(self) -> list[Difference]:
        """All differences, those on the wrong patient in place of the two they are made of."""
        found = [
            each
            for encounter in sorted(self.uses.keys() | self.lines.keys())
            for each in reconcile("H1", encounter, self.uses.get(encounter, []), self.lines.get(encounter, []))
        ]
        alone: dict[str | None, tuple[list[Difference], list[Difference]]] = defaultdict(lambda: ([], []))
        for each in found:
            if each.kind is not DifferenceKind.WRONG:
                alone[each.item_code][each.kind is DifferenceKind.EXTRA].append(each)
        pairs = [pair for sides in alone.values() for pair in across(*sides)]
        scans, lines = {each.scan_id for each in pairs}, {each.line_id for each in pairs}
        return pairs + [
            each
            for each in found
            if each.kind is DifferenceKind.WRONG or (each.scan_id not in scans and each.line_id not in lines)
        ]


def seeded(count: int, seed: int) -> Book:
    """So many uses of a month, four to a patient and some, a third of the HIS's lines naming charge and unit."""
    random, book, uses = Random(seed), Book(), []  # noqa: S311 -- a corpus, no secret
    patients = max(count // 4, 2)
    admitted = [random.randrange(28 * 24 * 60) for _ in range(patients)]
    for number in range(1, count + 1):
        patient = random.randrange(patients)
        at = MONTH + timedelta(minutes=admitted[patient] + random.randrange(600), seconds=random.randrange(60))
        uses.append(_use(number, patient, at, random))
    for use in uses:
        book.uses[use.encounter].append(use)
        _charge(use, book, patients, random)
    for lines in book.lines.values():
        random.shuffle(lines)
    return book


def _use(number: int, patient: int, at: datetime, random: Random) -> Use:
    # Few items are most of the use.
    item, quantity = int(ITEMS * random.random() ** 2), random.choice((1, 1, 1, 2, 3))
    price = _price(item)
    return Use(
        UUID(int=number), f"E{patient}", UseStatus.CHARGED, at, f"D{patient % DEPARTMENTS}", f"I{item}",
        f"C{item // 2}", f"L{number % 7}", f"S{number}" if number % 3 == 0 else None, quantity, price,
        line_amount_fen(quantity, price), UUID(int=number, version=5),
    )  # fmt: skip


def _price(item: int) -> int:
    return 10_000 + item // 2 * 7_700


def _charge(use: Use, book: Book, patients: int, random: Random) -> None:
    line, dice = _line(use, random), random.random()
    if dice < MISSED:
        book.seeded.append(Told("missed", (), use.scan_id, None))
        return
    if dice < MISSED + WRONG:
        line, aspects = _wrong(line, patients, random)
        book.seeded.append(Told("wrong", aspects, use.scan_id, line.line_id))
    elif dice < MISSED + WRONG + EXTRA:
        more = replace(line, line_id=f"{line.line_id}-2")
        if random.random() < 0.5:
            more = _nobodys(more, random)
        book.lines[line.encounter].append(more)
        book.seeded.append(Told("extra", (), None, more.line_id))
    book.lines[line.encounter].append(line)


def _line(use: Use, random: Random) -> Line:
    keeps = random.random() < 1 / 3
    assert use.item_code is not None
    assert use.quantity is not None
    assert use.unit_price is not None
    assert use.amount_fen is not None
    return Line(
        f"H{use.scan_id.int:07}", use.encounter, use.item_code, use.insurance_code, use.quantity, use.unit_price,
        use.amount_fen, use.scanned_at, use.department, use.billing_id if keeps else None, use.lot if keeps else None,
        use.serial if keeps else None,
    )  # fmt: skip


def _wrong(line: Line, patients: int, random: Random) -> tuple[Line, tuple[str, ...]]:
    how = random.choice(WRONGS)
    if how == "item":
        # Chosen beside the right row: of the same insurance code and price.
        return replace(line, item_code=f"I{int(line.item_code[1:]) ^ 1}"), ("code",)
    if how == "insurance":
        return replace(line, insurance_code="C-old"), ("code",)
    if how == "price":
        return _sum(replace(line, unit_price=line.unit_price + 1_100)), ("price",)
    if how == "quantity":
        return _sum(replace(line, quantity=line.quantity + 1)), ("quantity",)
    own = int(line.encounter[1:])
    return replace(line, encounter=f"E{(own + random.randrange(1, patients)) % patients}"), ("patient",)


def _nobodys(line: Line, random: Random) -> Line:
    item = random.randrange(ITEMS)
    at = line.service_at + timedelta(minutes=random.randrange(-300, 300))
    return _sum(
        replace(line, item_code=f"I{item}", insurance_code=f"C{item // 2}", unit_price=_price(item), service_at=at,
                billing_id=None, lot=None, serial=None)
    )  # fmt: skip


def _sum(line: Line) -> Line:
    return replace(line, amount_fen=line_amount_fen(line.quantity, line.unit_price))

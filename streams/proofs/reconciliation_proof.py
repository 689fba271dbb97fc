"""`udi reconciliation-proof`: a simulated hospital is reconciled and compared with the errors seeded in its HIS."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from models.ids import made_id
from models.money import parse_fen, parse_price
from models.reconciling.differences import Difference, DifferenceKind, Line, Use, UseStatus
from models.reconciling.his_charge import HisCharge, read_his_charge
from models.wire.strict_json import Refusal
from rules.reconciling import across, reconcile
from streams.simulator.account.entries import OPEN, Entry, fen
from streams.simulator.clock import instant
from streams.simulator.his.lines import estimate, insurance_code
from streams.simulator.plan import Plan, Record
from streams.simulator.run import Hospital
from streams.simulator.truth.books import Truth
from streams.simulator.truth.differences import OpenDifference, goods_of

SHARE_MIN: Final = 0.995
"""Of each kind at least so much must be found, and of what is found be true. No source: ours."""


@dataclass(frozen=True, slots=True)
class KindFigures:
    """How well one kind of error is found; of wrong lines, each aspect."""

    name: str
    """Name of the kind or aspect."""
    seeded: int
    """Errors put into the HIS's lines."""
    found: int
    """Errors found."""
    true: int
    """Found as seeded."""

    @property
    def recall(self) -> float:
        """Share of the seeded that is found; 1 when none is seeded."""
        return self.true / self.seeded if self.seeded else 1.0

    @property
    def precision(self) -> float:
        """Share of the found that is true; 1 when none is found."""
        return self.true / self.found if self.found else 1.0

    @property
    def good(self) -> bool:
        """Both are high enough."""
        return min(self.recall, self.precision) >= SHARE_MIN


@dataclass(frozen=True, slots=True)
class ReconciliationFigures:
    """What came out."""

    uses: int
    """Uses in the books."""
    lines: int
    """That count at the end, of so many records."""
    records: int
    """Records of lines, their versions and cancellations among them."""
    refused: int
    """Records that are no lines, all of them spoiled on purpose."""
    kinds: tuple[KindFigures, ...]
    """How well each is found."""
    overlooked: tuple[OpenDifference, ...]
    """Seeded errors that were not found."""
    false: tuple[OpenDifference, ...]
    """Errors found that were not seeded."""

    @property
    def good(self) -> bool:
        """Every kind and aspect is."""
        return all(each.good for each in self.kinds)


def prove_reconciliation(plan: Plan) -> ReconciliationFigures:
    """Simulate the hospital, reconcile every encounter and across, and compare with what was seeded."""
    hospital, lines, refused, records = Hospital(plan), dict[str, HisCharge](), 0, 0
    for stage in hospital.stages():
        for record in stage.records if stage.name == "his-charges" else ():
            records += 1
            line = _read(record)
            if line is None:
                refused += 1
            else:
                lines[line.line_id] = line
    standing = [_line(each) for each in lines.values() if not each.cancelled]
    uses, found = _reconciled(plan.hospital, hospital.truth, standing)
    compared = compare(hospital.truth.differences(), [_told(each) for each in found])
    return ReconciliationFigures(uses, len(standing), records, refused, *compared)


def _read(record: Record) -> HisCharge | None:
    read = read_his_charge(record.key, record.value)
    return None if isinstance(read, Refusal) else read[0]


def _line(line: HisCharge) -> Line:
    return Line(
        line_id=line.line_id,
        encounter=line.encounter,
        item_code=line.item_code,
        insurance_code=line.insurance_code,
        quantity=line.quantity,
        unit_price=parse_price(line.unit_price),
        amount_fen=parse_fen(line.amount),
        service_at=line.service_at,
        department=line.department,
        billing_id=line.billing_id,
        lot=line.lot,
        serial=line.serial,
    )


def _use(entry: Entry, hospital: str) -> Use:
    """A use as the books have it."""
    unit, stay = entry.unit, entry.stay
    assert stay is not None  # noqa: S101 -- only of encounters
    goods, charged, waits = goods_of(entry), entry.verdict == "billed", entry.verdict in OPEN
    price = entry.price if charged else estimate(entry)
    ids = [
        made_id("billing", hospital, entry.scan_id, posting.n, "charge")
        for posting in entry.postings
        if posting.kind == "charge"
    ]
    return Use(
        scan_id=UUID(entry.scan_id),
        encounter=stay.code,
        status=UseStatus.CHARGED if charged else UseStatus.OPEN if waits else UseStatus.FREE,
        scanned_at=instant(entry.at),
        department=entry.department,
        item_code=goods.code if goods else None,
        insurance_code=insurance_code(goods) if goods else None,
        lot=unit.lot if unit is not None else None,
        serial=unit.serial if unit is not None else None,
        quantity=entry.left,
        unit_price=price or None,
        amount_fen=entry.owed if charged else (fen(entry.left or 0, price) if price else None) if waits else 0,
        billing_id=ids[-1] if ids else None,
        earlier_billing_ids=tuple(ids[:-1]),
        reason=entry.reasons[0] if entry.reasons and not charged else None,
    )


def _reconciled(hospital: str, truth: Truth, standing: Iterable[Line]) -> tuple[int, list[Difference]]:
    sides: dict[str, tuple[list[Use], list[Use], list[Line]]] = defaultdict(lambda: ([], [], []))
    uses = 0
    for entry in truth.account.entries.values():
        other_half = entry.verdict == "recorded" and "half-label" in entry.reasons
        if entry.action == "use" and entry.stay is not None and entry.verdict != "refused" and not other_half:
            left, gone, _ = sides[entry.stay.code]
            (gone if entry.left == 0 else left).append(_use(entry, hospital))
            uses += 1
    for line in standing:
        sides[line.encounter][2].append(line)
    found = [
        each
        for encounter, (left, gone, lines) in sides.items()
        for each in reconcile(hospital, encounter, left, lines, gone)
    ]
    return uses, list(_with_patients(found))


def _with_patients(found: list[Difference]) -> Iterator[Difference]:
    alone: dict[str | None, tuple[list[Difference], list[Difference]]] = defaultdict(lambda: ([], []))
    for each in found:
        if each.kind is not DifferenceKind.WRONG:
            alone[each.item_code][each.kind is DifferenceKind.EXTRA].append(each)
    pairs = [pair for missed, extra in alone.values() for pair in across(missed, extra)]
    scans, lines = {pair.scan_id for pair in pairs}, {pair.line_id for pair in pairs}
    yield from pairs
    for each in found:
        paired = each.scan_id in scans if each.kind is DifferenceKind.MISSED else each.line_id in lines
        if each.kind is DifferenceKind.WRONG or not paired:
            yield each


def _told(each: Difference) -> OpenDifference:
    scan_id = None if each.scan_id is None else str(each.scan_id)
    return OpenDifference(
        str(each.kind), tuple(map(str, each.aspects)), str(each.cause), each.encounter, each.item_code, scan_id,
        each.line_id, each.expected_fen, each.found_fen,
    )  # fmt: skip


Compared = tuple[tuple[KindFigures, ...], tuple[OpenDifference, ...], tuple[OpenDifference, ...]]
"""Figures by kind, what was overlooked, and what was found and not seeded."""


def compare(seeded: list[OpenDifference], found: list[OpenDifference]) -> Compared:
    """What was found against what was seeded, by content."""
    want, have = Counter(each.content for each in seeded), Counter(each.content for each in found)
    kinds: dict[str, list[int]] = {}
    for place, (these, counts) in enumerate(((seeded, want), (found, have), (seeded, want & have))):
        left = Counter(counts)
        for each in these:
            if left[each.content]:
                left[each.content] -= 1
                for name in (each.kind, *(f"{each.kind}: {aspect}" for aspect in each.aspects)):
                    kinds.setdefault(name, [0, 0, 0])[place] += 1
    figures = tuple(KindFigures(name, *kinds[name]) for name in sorted(kinds))
    return figures, tuple(_beyond(seeded, have)), tuple(_beyond(found, want))


def _beyond(these: Iterable[OpenDifference], those: Counter[tuple[object, ...]]) -> Iterator[OpenDifference]:
    """Those of these that are not among those, each as often as it is too often."""
    left = Counter(those)
    for each in these:
        if left[each.content]:
            left[each.content] -= 1
        else:
            yield each

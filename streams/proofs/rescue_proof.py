"""`udi rescue-proof`: labels of a seeded hospital through reader, rules and learner, against the truth."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson

from models.calendar import ZONE_DEFAULT
from models.catalogue.item import CatalogueItem, item_from_wire
from models.charging.books import LabelFacts, Prior, RecordedScan, Ref
from models.charging.decision import Decision
from models.charging.snapshot import Catalogue, EncounterFacts, LotPatterns, Snapshot
from models.policy import POLICY
from models.reasons import Reason, Verdict
from models.udi import Flag, Label, read_label
from models.udi.issuers.gs1.application_identifiers import GS
from models.udi.lot_pattern import NO_PATTERN, bounded, learn
from rules.charging.fold import fold, redecide
from rules.labels.reading import read_arrival
from rules.labels.rescue import readings_of
from rules.labels.scanner_record import Seen, Watch, shown_by, watched
from rules.view import View
from streams.proofs.rescue_corpus import START, Corpus, Maker, Scanned, make_corpus

HOSPITAL: Final = "H1"
_AGAIN_EVERY: Final = 500
"""Labels after which what waits, or has no lot, is looked at again."""
_LEARNED_MIN: Final = 12
"""Certain labels of a maker before a loss counts as repairable."""
NOTICED_WITHIN: Final = 20
_SAYS = tuple[str | None, str | None, datetime | None]


@dataclass(slots=True)
class Group:
    """Figures of the labels of one kind of lot."""

    labels: int = 0
    """Labels of this kind."""
    faultless: int = 0
    """Of them, read by scanners that lose nothing."""
    held: int = 0
    """Of faultless scanners: held for their lot."""
    waiting: int = 0
    """Of faultless scanners: waiting or parked."""
    wrong: int = 0
    """Of faultless scanners: another lot, serial or date than printed."""
    doubted: int = 0
    """Of faultless scanners: charged without a lot."""
    lost: int = 0
    """Of scanners that lose them: a separator was lost."""
    repairable: int = 0
    """Of those: labels of the maker were learned, and exactly one reading is one it could have printed: the truth."""
    repaired: int = 0
    """Of the repairable: taken as printed."""
    uncertain: int = 0
    """Charged without a lot, or held as the unit is tracked by serial."""
    wrong_before: int = 0
    """Taken wrongly before the scanner was noticed; each is listed afterwards unless it is silent."""
    silent_before: int = 0
    """Of those: not listed with the right reading."""
    wrong_after: int = 0
    """Taken wrongly after the scanner was noticed."""
    charge_waits: int = 0
    """Of items not tracked by serial: not charged at once."""


@dataclass(slots=True)
class Figures:
    """What came of the corpus."""

    kinds: dict[str, Group] = field(default_factory=dict)
    """By the kind of lot."""
    losing: int = 0
    """Scanners that lost separators."""
    noticed: int = 0
    """Of them, scanners that were noticed."""
    slow: list[tuple[str, int]] = field(default_factory=list)
    """Scanners noticed after more than 20 labels that show it, or never though there were as many."""
    labels_to_notice: list[int] = field(default_factory=list)
    """Of each scanner that was noticed: labels that had lost a separator by then."""
    accused: list[str] = field(default_factory=list)
    """Faultless scanners taken for faulty ones."""

    @property
    def total(self) -> Group:
        """All kinds together."""
        total = Group()
        for group in self.kinds.values():
            for name in Group.__slots__:
                setattr(total, name, getattr(total, name) + getattr(group, name))
        return total

    @property
    def share(self) -> float:
        """Right repairs among the repairable, 0 to 1."""
        total = self.total
        return total.repaired / total.repairable if total.repairable else 1.0

    @property
    def held(self) -> bool:
        """Every figure holds."""
        total = self.total
        faultless = (total.held, total.waiting, total.wrong, len(self.accused)) == (0, 0, 0, 0)
        before = 1000 * total.wrong_before <= total.labels and not total.silent_before
        return (
            faultless
            and not self.slow
            and self.share >= 0.95
            and before
            and total.wrong_after + total.charge_waits == 0
        )


@dataclass(slots=True)
class _Account:
    """A label and what became of it."""

    scanned: Scanned
    decision: Decision
    repairable: bool
    known_bad: bool
    """Its scanner had been noticed."""


class _Hospital:
    """The product without topics and database: one endless batch, and a learner that is never behind."""

    def __init__(self, corpus: Corpus) -> None:
        admitted = EncounterFacts("ORTH", "T1", START, None, None)
        self.view = View(Snapshot(0, 1, 1, encounters={(HOSPITAL, "E1"): admitted}), Catalogue())
        items = [_item(maker, number) for number, maker in enumerate(corpus.makers)]
        made = [item_from_wire(CatalogueItem.model_validate_json(orjson.dumps(item)), 1, None) for item in items]
        self.view.catalogue.put(made, 1)
        self.watches: dict[str, Watch] = {}
        self.since: dict[str, datetime | None] = {}
        """Of noticed scanners: after when their labels are doubtful."""
        self.lost_labels: Counter[str] = Counter()
        self.noticed_after: dict[str, int] = {}
        self.accounts: list[_Account] = []
        self._learned: Counter[str] = Counter()
        self._versions = 1

    def scan(self, scanned: Scanned) -> None:
        """One label, from the scanner to the books; then what it teaches."""
        label = read_label([scanned.text], scanned_on=scanned.at.date())
        arrival = read_arrival(
            Ref(1, len(self.accounts)), 0, f"{HOSPITAL}/E1".encode(), self._event(scanned), scanned.at, ZONE_DEFAULT,
            self.view.catalogue.scanners,
        )  # fmt: skip
        assert isinstance(arrival, RecordedScan)  # noqa: S101 -- its event is well formed
        decision = fold([arrival], self.view, POLICY)[-1]
        assert isinstance(decision, Decision)  # noqa: S101 -- a scan is decided
        known_bad = self.watches.get(scanned.gun.name, Watch()).losing
        account = _Account(scanned, decision, self._is_repairable(scanned, label), known_bad)
        self.accounts.append(account)
        self._teach(decision)
        self._watch(scanned, label, decision)

    def _event(self, scanned: Scanned) -> bytes:
        return orjson.dumps({
            "schema": "udi.scan/1", "scan_id": str(UUID(int=len(self.accounts) + 1)), "hospital": HOSPITAL,
            "device_id": scanned.gun.name, "scanned_at": scanned.at.isoformat(), "action": "use",
            "codes": [scanned.text], "quantity": 1, "store": "OR-1", "encounter": "E1",
        })  # fmt: skip

    def _is_repairable(self, scanned: Scanned, label: Label) -> bool:
        if not scanned.lost or self._learned[scanned.maker.di] < _LEARNED_MIN:
            return False
        printable = [reading for reading in readings_of(label) if scanned.maker.could_print(reading)]
        return len(printable) == 1 and _says(printable[0]) == _truth(scanned)

    def _teach(self, decision: Decision) -> None:
        label = decision.label
        if decision.verdict is not Verdict.BILLED or label.di is None:
            return
        if {Flag.SEPARATOR_RESTORED, Flag.IDENTIFIER_ALONE}.intersection(label.flags):
            return
        doubted = Flag.SUSPECT_MISSING_SEPARATOR in label.flags
        self._learned[label.di] += not doubted
        device = (str(label.issuer), label.di)
        known = self.view.gathered.patterns.get(device, LotPatterns(NO_PATTERN, NO_PATTERN))
        self.view.gathered.patterns[device] = LotPatterns(
            bounded(learn(known.lots, label.lot, doubted=doubted, dated=label.expiry is not None)),
            bounded(learn(known.serials, label.serial, doubted=doubted)),
        )

    def _watch(self, scanned: Scanned, label: Label, decision: Decision) -> None:
        gun, at = scanned.gun.name, scanned.at
        restored = Flag.SEPARATOR_RESTORED in decision.label.flags
        shown = shown_by(label, sent=GS in scanned.text, restored=restored)
        self.lost_labels[gun] += scanned.lost
        seen = Seen(HOSPITAL, gun, at, decision.label.di, shown)
        self.watches[gun], record = watched(self.watches.get(gun, Watch()), seen)
        if record is None:
            return
        self._versions += 1
        self.view.catalogue.scanners.put(record, self._versions)
        if record.losing:
            self.since[gun] = record.since
            self.noticed_after.setdefault(gun, self.lost_labels[gun])

    def look_again(self) -> None:
        """What is held for its lot, or was charged without one, by what is known now."""
        for account in self.accounts:
            decision = account.decision
            if not {Reason.AMBIGUOUS_CODE, Reason.LOT_UNCERTAIN}.intersection(decision.reasons):
                continue
            results = redecide([(decision.subject, _prior(decision), account.scanned.at)], self.view)
            if results and isinstance(results[-1], Decision):
                account.decision = results[-1]


def _item(maker: Maker, number: int) -> dict[str, object]:
    return {
        "schema": "udi.item/1", "hospital": HOSPITAL, "item_code": f"G{number}", "name": f"G{number}",
        "identifiers": [{"issuer": "GS1", "di": maker.di, "units_per_package": 1}], "tracking": maker.tracking,
        "prices": [{"price": "10.00", "from": None, "to": None}],
    }  # fmt: skip


def _prior(decision: Decision) -> Prior:
    return Prior(
        decision.n + 1, decision.verdict, decision.reasons, decision.stock.move is not None, decision.stock.takes_unit,
        decision.label, owner=decision.stock.move.owner if decision.stock.move else None,
        item_code=decision.item.item_code if decision.item else None, units=decision.units,
    )  # fmt: skip


def _says(label: Label | LabelFacts) -> tuple[object, ...]:
    return (label.lot, label.serial, label.expiry)


def _truth(scanned: Scanned) -> tuple[object, ...]:
    return _says(read_label(["]d2" + scanned.whole], scanned_on=scanned.at.date()))


def prove(labels: int = 20_000, devices: int = 200, seed: int = 20261125) -> Figures:
    """Scan the labels of a seeded hospital and compare with the truth.

    Args:
        labels: How many.
        devices: How many scanners.
        seed: Of the corpus; equal seeds give equal figures.
    """
    corpus = make_corpus(labels, devices, seed)
    hospital = _Hospital(corpus)
    for number, scanned in enumerate(corpus.scans, 1):
        hospital.scan(scanned)
        if number % _AGAIN_EVERY == 0:
            hospital.look_again()
    hospital.look_again()
    return _figures(corpus, hospital)


def _figures(corpus: Corpus, hospital: _Hospital) -> Figures:
    figures = Figures()
    for account in hospital.accounts:
        _add(figures.kinds.setdefault(account.scanned.maker.kind, Group()), account, hospital)
    for gun in corpus.guns:
        noticed, lost = hospital.noticed_after.get(gun.name), hospital.lost_labels[gun.name]
        if gun.loses_from is None or not lost:
            figures.accused += [gun.name] if noticed is not None else []
            continue
        figures.losing += 1
        figures.noticed += noticed is not None
        figures.labels_to_notice += [noticed] if noticed is not None else []
        if (noticed if noticed is not None else lost) > NOTICED_WITHIN:
            figures.slow.append((gun.name, noticed or lost))
    figures.kinds = dict(sorted(figures.kinds.items()))
    return figures


def _add(group: Group, account: _Account, hospital: _Hospital) -> None:
    scanned, decision = account.scanned, account.decision
    uncertain = decision.label.identifier_alone
    right = _says(decision.label) == _truth(scanned)
    ambiguous = Reason.AMBIGUOUS_CODE in decision.reasons
    waits = decision.verdict in {Verdict.WAITING, Verdict.PARKED}
    group.labels += 1
    if scanned.maker.tracking != "serial":
        group.charge_waits += ambiguous or waits or decision.verdict is Verdict.REFUSED
    if not scanned.losing:
        group.faultless += 1
        group.held += ambiguous
        group.waiting += waits
        group.doubted += uncertain
        group.wrong += not right and not uncertain
        return
    group.lost += scanned.lost
    group.uncertain += uncertain
    group.repairable += account.repairable
    group.repaired += account.repairable and right and not uncertain
    if right or uncertain or decision.verdict is Verdict.REFUSED:
        return
    group.wrong_after += account.known_bad
    group.wrong_before += not account.known_bad
    group.silent_before += not account.known_bad and not _is_listed(account, hospital)


def _is_listed(account: _Account, hospital: _Hospital) -> bool:
    """The view of doubtful scans shows it with the right reading."""
    gun, suspect = account.scanned.gun.name, account.decision.label.suspect
    if gun not in hospital.since or suspect is None:
        return False
    since = hospital.since[gun]
    doubtful = since is None or account.scanned.at > since
    return doubtful and any(_says(other) == _truth(account.scanned) for other in suspect.alternatives)

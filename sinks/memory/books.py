"""The books in memory: the twin of the books in PostgreSQL, in plain values."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from models.catalogue.item import CatalogueItem, Item, item_from_wire
from models.charging.books import BadRecord, BalanceKey, Prior, Ref, UnitKey, Waiting
from models.charging.commands import Carried, Command, Commanded, CommandKind, Recorded
from models.charging.controls import Control
from models.charging.decision import Decision, UseAccount
from models.charging.snapshot import Catalogue, EncounterFacts, Lookup, LotPatterns, Snapshot
from models.reasons import Reason, Verdict, deciding_reason
from models.scan.event import Action
from models.scan.scanners import Scanner
from models.stock.count import Adjustment
from models.stock.delivery import Delivery
from models.stock.recall import Recall
from models.stock.store import StoreRecord
from sinks.memory.aside import MemoryAside
from sinks.memory.repriced import repriced_of
from sinks.memory.rows import Change, Claims, LaneRow, as_it_stands, as_kept, owner, recorded, touches, way_of
from sinks.memory.sums import (
    booked_of,
    charged_units,
    costs_of,
    credits_of,
    goods_by_key,
    goods_for,
    neighbours_of,
    quota_used,
    replaced_of,
    sights_of,
    stock_of,
    told_of,
    uses_for,
    uses_wanted,
)
from sinks.messages.outgoing import Outgoing, outgoing_of
from sinks.ports.batch import Again, Batch, InputPosition, LaneMovedError, LaneState, LookedAt, StaleError, Unreadable
from sinks.postgres.catalogue.facts import FactBatch
from sinks.postgres.charging.commands import identities_of


class MemoryBooks:
    """See `sinks.ports.batch.Books`. What the database refuses by a constraint, the twin takes."""

    def __init__(self) -> None:
        self.aside = MemoryAside()
        self.positions: dict[tuple[str, str, int], InputPosition] = {}
        self.decisions: dict[Ref, list[Decision]] = {}
        self.bad: dict[Ref, BadRecord] = {}
        self.published: dict[tuple[str, int], list[Outgoing]] = {}
        """By topic and lane, in order; the first has sequence number 1."""
        self.closed: dict[str, int] = {}
        """Newest closed month by hospital."""
        self.claims = Claims()
        self.patterns: dict[tuple[str, str], LotPatterns] = {}
        """The newest pattern by (issuer, di)."""
        self.carried: dict[int, list[Carried]] = {}
        """What became of the commands of each lane."""
        self.adjustments: dict[tuple[str, UUID], Adjustment] = {}
        """What posted counts say is booked by a scan, by (hospital, scan id)."""
        self._commands: list[Command] = []
        self._scanners: list[tuple[Scanner, int]] = []
        self._controls: list[tuple[Control, int]] = []
        self._lanes: dict[int, LaneRow] = {}
        self._items: list[Item] = []
        self._encounters: dict[tuple[str, str], EncounterFacts] = {}
        self._changes: list[Change] = []
        self._recalls: list[Recall] = []
        self._stores: list[StoreRecord] = []
        self._notes: dict[tuple[str, str], Delivery] = {}

    @property
    def facts_version(self) -> int:
        """The newest change of a fact."""
        return len(self._changes)

    # The port ------------------------------------------------------------------------------------------------

    async def take_over(self, cluster_id: str, topic: str, partition: int) -> LaneState:
        """Where the lane stands, and the halves that wait in it."""
        position = self.take_position(cluster_id, topic, partition)
        lane = self._lanes.setdefault(partition, LaneRow())
        waiting = [
            Waiting(self.decisions[ref][0].subject, replace(self._prior(ref), label=None))
            for ref in self._open(partition)
            if self.decisions[ref][-1].verdict is Verdict.WAITING
        ]
        return LaneState(partition, position, lane.version, waiting)

    def take_position(self, cluster_id: str, topic: str, partition: int) -> InputPosition:
        """The position of an input partition, made when it is new."""
        place = (cluster_id, topic, partition)
        return self.positions.setdefault(place, InputPosition(len(self.positions) + 1, *place, 0, None))

    async def gather(self, lane: int, wanted: Lookup, catalogue: Catalogue) -> Snapshot:
        """What is wanted, as it stands. Brings `catalogue` up to date."""
        for scanner, version in self._scanners:
            catalogue.scanners.put(scanner, version)
        catalogue.recalls.put(self._recalls)
        for control, version in self._controls:
            catalogue.controls.put(control, version)
        catalogue.stores.put(self._stores)
        balances, store_items = self.stock()
        lent = {(key.hospital, key.store.removeprefix("lent/")) for key in balances if key.store.startswith("lent/")}
        catalogue.stores.borrow(each for each in lent if each[0] in wanted.hospitals)
        items = {(hospital, item_code) for hospital, _, item_code in wanted.store_items}
        catalogue.bring(key[:3] for key in costs_of(self._all()) if key[:2] in items)
        catalogue.put([item for item in self._items if item.version > catalogue.version], self.facts_version)
        scans, units = self.claims.scans, self.claims.units
        return Snapshot(
            lane_version=self._lanes[lane].version,
            facts_version=self.facts_version,
            facts_seen=self._lanes[lane].facts_seen,
            closed={hospital: self.closed.get(hospital, 0) for hospital in wanted.hospitals},
            fingerprints={scan: scans[scan][1] for scan in wanted.scans if scan in scans},
            holders={unit: units[unit] for unit in wanted.units if unit in units},
            booked=booked_of(self._all(), wanted),
            sights=sights_of(self._all(), wanted),
            encounters={one: self._encounters[one] for one in wanted.encounters if one in self._encounters},
            uses=[self._use(ref, catalogue) for ref in uses_wanted(self.decisions, self.claims, wanted)],
            balances={key: balances[key] for key in wanted.balances},
            store_items={key: store_items[key] for key in wanted.store_items},
            neighbours=neighbours_of((first for first, *_ in self.decisions.values()), wanted),
            stays={stay: charged_units(self._all(), *stay) for stay in wanted.stays},
            quotas={key: quota_used(self._all(), key, catalogue) for key in wanted.quotas},
            patterns={device: self.patterns[device] for device in wanted.patterns if device in self.patterns},
            adjustments={scan: self.adjustments[scan] for scan in wanted.adjustments if scan in self.adjustments},
            goods=goods_by_key(self.decisions, self.claims, wanted),
            replaced=replaced_of(self.decisions, self.claims, wanted),
            notes={note: self._notes[note] for note in wanted.notes if note in self._notes},
            costs={key: told for key, told in costs_of(self._all()).items() if (*key[:2], *key[3:]) in wanted.costs},
            told=told_of(self.decisions, wanted),
        )

    async def record(self, batch: Batch) -> int:
        """Record the batch, whole or not at all."""
        lane, gathered = self._lanes[batch.lane], batch.gathered
        place = (batch.position.cluster_id, batch.position.topic, batch.position.partition)
        stands = (lane.version, self.positions[place].next_offset)
        if stands != (gathered.lane_version, batch.position.next_offset):
            raise LaneMovedError(f"Lane {batch.lane} stands at {stands}.")
        if lane.facts_seen > gathered.facts_version:
            raise StaleError("The lane has seen newer facts.")
        if any(self.closed.get(hospital, 0) != closed for hospital, closed in gathered.closed.items()):
            raise StaleError("A month was closed since the facts were gathered.")
        newer = self._changes[gathered.facts_version :]
        if any(each.kind in {"recall", "control"} and each.hospital in gathered.closed for each in newer):
            raise StaleError("A recall was accepted, or charging controlled anew, since the facts were gathered.")
        claims = self.claims.copied()
        for result in batch.results:
            if isinstance(result, Decision):
                claims.take(result)
        self.claims = claims
        for result in batch.results:
            if isinstance(result, Decision):
                self.decisions.setdefault(result.subject.ref, []).append(result)
            else:
                self.bad[result.ref] = result
        self._identify(batch)
        for outgoing in outgoing_of(batch):
            self.published.setdefault((outgoing.topic, batch.lane), []).append(outgoing)
        last_hash = batch.last_hash or self.positions[place].last_hash
        self.positions[place] = replace(batch.position, next_offset=batch.next_offset, last_hash=last_hash)
        self._carried(batch.lane).extend(batch.carried)
        lane.facts_seen = max(lane.facts_seen, batch.facts_seen)
        lane.version += 1
        return lane.version

    async def commands(self, lane: int, limit: int) -> list[Commanded]:
        """The lane's next commands, each with the scans it is about as they stand."""
        todo = [each for each in self._commands if each.lane == lane][len(self._carried(lane)) :]
        return [self._commanded(each) for each in todo[:limit]]

    def command(  # noqa: PLR0917 -- the parts of a command
        self,
        kind: CommandKind,
        hospital: str,
        scan_id: UUID,
        by: str,
        reason: str,
        at: datetime,
        body: Mapping[str, Any] | None = None,
    ) -> Command:
        """A person commands something of a recorded scan."""
        lane = self.decisions[self.claims.scans[hospital, scan_id][0]][0].subject.lane
        seq = sum(each.lane == lane for each in self._commands) + 1
        self._commands.append(Command(lane, seq, kind, hospital, scan_id, by, reason, at, body or {}))
        return self._commands[-1]

    def _identify(self, batch: Batch) -> None:
        for decision, said in identities_of(batch):
            self.command(CommandKind.IDENTIFY, *said[:-1], decision.decided_at, said.body)

    def _identified(self) -> set[UUID]:
        return {each.scan_id for each in self._commands if each.kind is CommandKind.IDENTIFY}

    def _carried(self, lane: int) -> list[Carried]:
        return self.carried.setdefault(lane, [])

    def _commanded(self, command: Command) -> Commanded:
        claim = self.claims.scans.get((command.hospital, command.scan_id))
        if claim is None:
            return Commanded(command, None, None)
        joins = [each for each in self._all() if each.partner is not None and each.label.di is not None]
        pair = next((each for each in reversed(joins) if claim[0] in {each.subject.ref, each.partner}), None)
        scan, rest = (pair.subject.ref, pair.partner) if pair else (claim[0], None)
        partner = self._as_it_stands(rest) if rest else None
        return Commanded(command, self._as_it_stands(scan), partner, way_of(self.decisions[scan]))

    def _as_it_stands(self, ref: Ref) -> Recorded:
        newest = self.decisions[ref][-1]
        return Recorded(as_it_stands(newest), self._prior(ref))

    async def freed(self, lane: int, gathered: Snapshot, after: Again | None, limit: int) -> list[Again]:
        """Scans of the lane that wait and may be free, oldest first, each with the instant of what freed it."""
        changes = self._changes[gathered.facts_seen : gathered.facts_version]
        found: list[Again] = []
        for ref in self._looked_at(lane):
            newest = self.decisions[ref][-1]
            since = next(each.decided_at for each in reversed(self.decisions[ref]) if not each.waits_on)
            instants = [each.recorded_at for each in changes if touches(each, newest)]
            if deciding_reason(newest.reasons) is Reason.SERIAL_USED and self._unit(newest) not in self.claims.units:
                instants.append(since)
            if newest.open and newest.subject.event.action is Action.RETURN and newest.verdict is not Verdict.WAITING:
                instants += [use.decided_at for use in uses_for(newest, self.decisions, self.claims)]
            goods = goods_for(newest, self.decisions, self.claims)
            if not any(each.scan_id in self._identified() for each in goods):
                instants += [self.decisions[each.ref][-1].decided_at for each in goods]
            if (after is None or ref > after.ref) and instants:
                found.append(Again(ref, max(since, *instants)))
        return found[:limit]

    async def repriced(self, lane: int, gathered: Snapshot, after: Again | None, limit: int) -> list[Again]:
        """Uses of the lane whose price may be another, or whose cost is known now, by item and age."""
        newer = self._changes[gathered.facts_seen : gathered.facts_version]
        found = repriced_of(self.decisions, self._items, newer, lane)
        place = (after.version, after.ref) if after is not None else None
        return [each for each in found if place is None or (each.version, each.ref) > place][:limit]

    async def look_again(self, rows: Sequence[Again]) -> tuple[list[LookedAt], list[Unreadable]]:
        """Scans as they stand now."""
        found = [(self._as_it_stands(each.ref), each.at) for each in sorted(rows)]
        return [(each.subject, each.prior, at) for each, at in found], []

    async def record_facts(self, position: InputPosition, next_offset: int, batch: FactBatch) -> int:
        """Record catalogue and encounter changes with their position; gives the newest version."""
        place = (position.cluster_id, position.topic, position.partition)
        if self.positions[place].next_offset != position.next_offset:
            raise LaneMovedError(f"The position stands at {self.positions[place].next_offset}.")
        before = self.facts_version
        for _, _, version, body, ended_at, _ in batch.items:
            wire = CatalogueItem.model_validate_json(body)
            self._items.append(item_from_wire(wire, before + version, ended_at))
        for row in batch.encounters:
            hospital, encounter, _, department, team, _, admitted_at, discharged_at, settled_at, group, *_ = row
            facts = EncounterFacts(department, team, admitted_at, settled_at, discharged_at, group)
            self._encounters[hospital, encounter] = facts
        for version, kind, hospital, code, issuers, dis, at, *days in batch.changes:
            touched = frozenset(zip(issuers, dis, strict=True))
            repriced = (days[0], days[1]) if days[0] is not None else None
            self._changes.append(Change(before + version, kind, hospital, code, touched, at, repriced))
        self.positions[place] = replace(position, next_offset=next_offset)
        return self.facts_version

    def open_store(self, store: StoreRecord) -> None:
        """A store is as it says from now on."""
        self._stores.append(store)

    def deliver(self, note: Delivery, at: datetime) -> None:
        """A delivery note is as it says from now on."""
        self._changes.append(Change(self.facts_version + 1, "delivery", note.hospital, note.note, frozenset(), at))
        self._notes[note.hospital, note.note] = note

    def accept_recall(self, recall: Recall, at: datetime) -> int:
        """A recall notice is in force for whatever is recorded from now on; gives its fact version."""
        self._recalls.append(recall)
        touched = frozenset((str(line.issuer), line.di) for line in recall.lines if line.di is not None)
        self._changes.append(Change(self.facts_version + 1, "recall", recall.hospital, recall.recall, touched, at))
        return self.facts_version

    # What is derived from the decisions ----------------------------------------------------------------------

    def stock(self) -> tuple[Counter[BalanceKey], Counter[tuple[str, str, str]]]:
        """Units by balance, and by (hospital, store, item)."""
        return stock_of(self._all())

    def set_up(self, scanner: Scanner, at: datetime) -> None:
        """A newer profile of a scanner."""
        self._changes.append(
            Change(self.facts_version + 1, "scanner", scanner.hospital, scanner.device_id, frozenset(), at)
        )
        self._scanners.append((scanner, self.facts_version))

    def control(self, control: Control, at: datetime) -> None:
        """A newer version of a breaker, quota, ceiling or approval."""
        self._changes.append(Change(self.facts_version + 1, "control", control.hospital, control.key, frozenset(), at))
        self._controls.append((control, self.facts_version))

    def teach(self, issuer: str, di: str, patterns: LotPatterns, at: datetime) -> None:
        """A newer pattern of a device's lots and serials."""
        self.patterns[issuer, di] = patterns
        self._changes.append(Change(self.facts_version + 1, "shape", "", di, frozenset({(issuer, di)}), at))

    def _all(self) -> Iterator[Decision]:
        return (decision for decisions in self.decisions.values() for decision in decisions)

    def _open(self, lane: int) -> list[Ref]:
        return sorted(ref for ref, all_ in self.decisions.items() if all_[-1].open and all_[0].subject.lane == lane)

    def _looked_at(self, lane: int) -> list[Ref]:
        """What waits, and what has moved goods of which nobody knows the lot."""
        doubtful = {ref for ref, all_ in self.decisions.items() if Reason.LOT_UNCERTAIN in all_[-1].reasons}
        mine = {ref for ref in doubtful if self.decisions[ref][0].subject.lane == lane}
        return sorted(mine.union(self._open(lane)))

    @staticmethod
    def _unit(decision: Decision) -> UnitKey | None:
        return decision.label.unit(decision.subject.event.hospital)

    def _prior(self, ref: Ref) -> Prior:
        decisions = self.decisions[ref]
        newest, moved = decisions[-1], owner(decisions) is not None
        holds, label = self._holds(newest), recorded(newest.label)
        entries, lines = (
            sum(len(each.charging.entries) for each in decisions),
            sum(len(each.settlement) for each in decisions),
        )
        item_code = newest.item.item_code if newest.item else None
        return Prior(
            len(decisions), newest.verdict, newest.reasons, moved, holds, label, entries, lines, owner(decisions),
            item_code, newest.units,
        )  # fmt: skip

    def _holds(self, decision: Decision) -> bool:
        unit = self._unit(decision)
        return unit is not None and self.claims.units.get(unit) == decision.subject.ref

    def _changes_of(self, use: Ref) -> list[tuple[int, Ref]]:
        return [change for (of, _), change in self.claims.changes.items() if of == use]

    def _use(self, ref: Ref, catalogue: Catalogue) -> UseAccount:
        decisions, changes = self.decisions[ref], self._changes_of(ref)
        newest, subject, event = decisions[-1], decisions[0].subject, decisions[0].subject.event
        label, home = newest.label, self._encounters.get((event.hospital, event.encounter or ""))
        item = newest.item and catalogue.item(event.hospital, newest.item.item_code)
        charges = [charge for each in decisions for charge in each.charging.entries if charge.reverses is None]
        lines = [line for each in decisions for line in each.settlement if line.reverses is None]
        credits_ = credits_of(self._all(), charges[-1] if charges else None)
        went = way_of(decisions)
        return UseAccount(
            ref=ref,
            hospital=event.hospital,
            scan_id=event.scan_id,
            scanned_at=event.scanned_at,
            day=subject.day,
            month=subject.month,
            encounter=event.encounter,
            unit=(label.issuer, label.di, label.lot, label.serial),
            verdict=newest.verdict,
            reasons=newest.reasons,
            department=newest.department or event.department or (home.department if home else None),
            item=item,
            units=newest.units,
            owner=owner(decisions),
            holds_unit=self._holds(newest),
            charge=as_kept(charges[-1], item) if charges and item else None,
            settlement=lines[-1] if lines else None,
            returned_units=sum(units for units, _ in changes),
            changes=len(changes),
            credited_units=sum(each.quantity for each in credits_),
            credited_fen=sum(each.amount_fen for each in credits_),
            credits=len(credits_),
            source=went.from_store if went is not None else None,
        )

"""The run: month by month facts, scans, facts that come late, the HIS's lines, the close; and the account beside it."""

from collections.abc import Iterator
from typing import Any

import orjson

from models.calendar import Month
from models.wire.topics import CATALOGUE, ENCOUNTERS, SCANS
from streams.simulator.account.account import Account
from streams.simulator.account.entries import Entry, Stay
from streams.simulator.chance import Chance
from streams.simulator.clock import HOUR, day_start, instant
from streams.simulator.discharges.cases import Cases
from streams.simulator.his.charging import His
from streams.simulator.hospital.catalogue import stocked
from streams.simulator.hospital.goods import Goods, row
from streams.simulator.late_costs import tell_costs
from streams.simulator.late_prices import reprice
from streams.simulator.plan import Plan, Record, Stage
from streams.simulator.store import publishing
from streams.simulator.store.cabinets import Cabinets
from streams.simulator.store.counting import adjustments
from streams.simulator.store.keeping import Keeper
from streams.simulator.store.sets import Sets
from streams.simulator.truth.books import Truth
from streams.simulator.ward import identified, people
from streams.simulator.ward.desk import Desk
from streams.simulator.ward.lossy import lose
from streams.simulator.ward.mishaps import MISHAPS, garbage, real_serials
from streams.simulator.ward.scanned import Kind, Scan, body, key_of, value_of
from streams.simulator.ward.scripted import cast, play
from streams.simulator.ward.stories import STORIES, Story, plain


class Hospital:
    """A simulated hospital. Take its stages one after the other; then ask for the truth."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._shelf = stocked(plan)
        self._desk = Desk(plan, self._shelf)
        self._played = cast(plan)
        self._late: list[Scan] = []
        self._undischarged: list[Stay] = []
        self._waiting_stays: dict[int, list[Stay]] = {}
        self._sequences: dict[str, int] = {}
        self._keeper = Keeper(plan)
        self._keeper.open(self._desk)
        self._sets, self._cabinets = Sets(plan), Cabinets(plan)
        self._cabinets.open(self._desk)
        self._counts = 0
        self._told = [story for weight, story in (*STORIES, *MISHAPS, *identified.STORIES) for _ in range(weight)]
        account = Account(plan.start)
        self._prices = Chance(plan.seed, 4)
        self.his = His(plan, account, self._shelf.ordinary)
        self.cases = Cases(plan)
        self.truth = Truth(plan, account, self.his, self.cases, self._keeper, self._sets, self._cabinets, self._played)
        """Complete when all stages have been taken."""
        self.truth.monitored = {goods.code for goods in self.goods() if goods.monitored}

    def stages(self) -> Iterator[Stage]:
        """The run; a month is made when its first stage is asked for."""
        for index in range(self._plan.months):
            month = self._plan.month(index)
            scans = self.scans_of(index)
            facts = self._facts(index)
            self.truth.account.refresh()
            yield Stage(month, "facts", facts)
            yield Stage(month, "scans", self._with_reads([self._taken(scan) for scan in scans]))
            self._end_waiting(scans)
            yield self._count(month)
            late = self._late_facts(index)
            self.truth.account.refresh()
            if index == self._keeper.notice_in:
                self._recall()
            yield Stage(month, "late-facts", late)
            yield Stage(month, "his-charges", self.his.post(index))
            yield Stage(month, "close", ())
            self.truth.account.month = self._plan.month(index + 1)

    def goods(self) -> Iterator[Goods]:
        """Everything that is scanned and may lie in the catalogue, without the rivals of an identifier."""
        shelf = self._shelf
        yield from shelf.ordinary
        yield from shelf.suspended
        yield from shelf.rare
        for each in shelf.lossy:
            yield from (each.known, each.learned_later, *each.unknown, each.serial)
        yield from shelf.real
        for goods in shelf.defective.values():
            yield from goods
        yield from (each.goods for each in self._played)
        yield from self._keeper.goods()
        yield from self._sets.goods()
        yield from self._cabinets.goods()

    def scans_of(self, index: int) -> list[Scan]:
        """Makes a month's scans in order of arrival, late ones of the month before among them."""
        desk, wanted = self._desk, self._plan.scans_of(index)
        desk.begin(index)
        arrived = self._late
        play(desk, self._played)
        self._keeper.month(desk)
        self._sets.month(desk)
        self._cabinets.month(desk)
        counted = [scan for scans in self._keeper.counting.values() for scan in scans]
        identified.identified_later(desk)
        lose(desk)
        real_serials(desk, desk.days.start)
        if index == 0:
            garbage(desk, desk.days.start)
        wanted -= len(arrived) + len(counted)
        for place, day in enumerate(desk.days, 1):
            while len(desk.scans) * len(desk.days) < wanted * place and len(desk.scans) < wanted:
                self._story()(desk, day)
        scans = desk.scans
        self._number([*scans, *counted, *desk.late])
        self._late = desk.late
        return sorted([*arrived, *scans], key=lambda scan: scan.arrives)

    def _story(self) -> Story:
        place = self._desk.chance.below(10_000)
        return self._told[place] if place < len(self._told) else plain

    def _number(self, scans: list[Scan]) -> None:
        """Each device counts its scans; a repeat has the number of the first."""
        for scan in sorted(scans, key=lambda scan: scan.at):
            if scan.kind is not Kind.REPEAT:
                scan.sequence = self._sequences.get(scan.device, 0) + 1
                self._sequences[scan.device] = scan.sequence

    # Facts

    def _facts(self, index: int) -> list[Record]:
        at = day_start(self._desk.days.start) + HOUR
        goods = [each for each in self.goods() if each.listed and self._news(each, index)]
        rivals = [self._shelf.rivals[each.code] for each in goods if each.code in self._shelf.rivals]
        records = [self._item(each, at) for each in (*goods, *rivals)]
        records += publishing.stores(self._keeper, self._desk.departments, at) if index == 0 else ()
        records += publishing.notes(self._keeper, at)
        records += [self._stay(stay, at, grouped=True) for stay in self._discharged(at)]
        for stay in self._desk.wards.new:
            if stay.known:
                records.append(self._stay(stay, at, grouped=False))
                self._undischarged.append(stay)
            elif stay.known_in is not None:
                self._waiting_stays.setdefault(stay.known_in, []).append(stay)
        return records

    def _news(self, goods: Goods, index: int) -> bool:
        return goods.appears == index or (goods.appears < index and goods.changes_in(self._desk.days))

    def _discharged(self, at: int) -> list[Stay]:
        """Stays that ended before the instant: their DRG facts come now."""
        ended = [stay for stay in self._undischarged if stay.discharged < at]
        self._undischarged = [stay for stay in self._undischarged if stay.discharged >= at]
        return ended

    def _late_facts(self, index: int) -> list[Record]:
        at = day_start(self._desk.days.stop) - HOUR
        records = []
        for goods in (each for all_ in self._shelf.defective.values() for each in all_ if each.mended == index):
            goods.reason = goods.price_reason = None
            goods.listed = True
            records.append(self._item(goods, at))
            if goods.code in self._shelf.rivals:
                rival = self._shelf.rivals[goods.code]
                rival.levels, rival.device_class = (), "II"
                records.append(self._item(rival, at))
        ordinary = {each.code for each in self._shelf.ordinary}
        for goods in reprice(self._plan, index, self.truth.account, ordinary, self._prices):
            self.truth.account.rerate(goods.code)
            records.append(self._item(goods, at))
        records += [self._item(goods, at) for goods in tell_costs(self.truth.account, self._shelf.ordinary)]
        for stay in self._waiting_stays.pop(index, []):
            stay.known = True
            self._undischarged.append(stay)
            records.append(self._stay(stay, at, grouped=False))
        if index == self._keeper.notice_in:
            records += publishing.notice(self._keeper, at)
        return [*records, *self._cases_of(index, at)]

    def _cases_of(self, index: int, at: int) -> Iterator[Record]:
        """The month's discharges and incomes, and what was grouped again of the month before."""
        month, end = self._plan.month(index), day_start(self._desk.days.stop)
        yield from self.cases.discharged((stay for stay in self._undischarged if stay.discharged < end), at)
        if index:
            yield from self.cases.regroup(self._plan.month(index - 1), at)
        yield from self.cases.earned(month, at)

    def _item(self, goods: Goods, at: int) -> Record:
        return self._record(CATALOGUE, goods.code, row(goods, self._plan.hospital, self._desk.days), at)

    def _stay(self, stay: Stay, at: int, *, grouped: bool) -> Record:
        return self._record(ENCOUNTERS, stay.code, people.row(stay, self._plan.hospital, grouped=grouped), at)

    def _record(self, topic: str, rest: str, value: dict[str, Any], at: int) -> Record:
        return Record(topic, f"{self._plan.hospital}/{rest}".encode(), orjson.dumps(value), instant(at))

    # The store

    def _count(self, month: Month) -> Stage:
        """The month's counts: their scans, and what posting them books."""
        counts, records, goods = [], [], {each.code: each for each in self._keeper.goods()}
        for store, scans in self._keeper.counting.items():
            if scans:
                self._counts += 1
                document = f"C-{store}-{self._counts}"
                counts.append((store, document))
                for scan in scans:
                    scan.document = document
                records += [self._taken(scan) for scan in scans]
                account, hospital = self.truth.account, self._plan.hospital
                for entry in adjustments(account, hospital, document, scans, goods):
                    account.adjust(entry)
        return Stage(month, "count", sorted(records, key=lambda record: record.timestamp), counts)

    def _recall(self) -> None:
        """From now on uses of the lots that the notice names are held."""
        lots = self._keeper.recalled.items()
        self.truth.account.recalled = {(code, lot) for code, its in lots for lot in its}

    def _with_reads(self, records: list[Record]) -> list[Record]:
        """Scans and what cabinets publish meanwhile, in order of arrival."""
        return sorted([*records, *self._cabinets.reads], key=lambda record: record.timestamp)

    # Scans

    def _taken(self, scan: Scan) -> Record:
        """The record of a scan; the account hears what it is in truth."""
        self._account(scan)
        if scan.kind is Kind.REPEAT and scan.partner is not None:
            event = body(scan.partner, self._plan.hospital)
            if scan.reason == "conflict":
                event["quantity"] += 1
            option = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 if scan.sequence % 2 else None
            value: bytes | None = orjson.dumps(event, option=option)
        else:
            value = value_of(scan, self._plan.hospital)
        return Record(SCANS, key_of(scan, self._plan.hospital), value, instant(scan.arrives))

    def _account(self, scan: Scan) -> None:
        truth, kind = self.truth, scan.kind
        if kind is Kind.POISON:
            truth.records[f"refused:{scan.reason}"] += 1
            return
        if kind is Kind.REPEAT:
            truth.records[f"{scan.reason}"] += 1
            return
        truth.records["scans"] += 1
        entry = _entry(scan)
        if scan.fate is not None:
            truth.account.put(entry, *scan.fate)
        elif kind is Kind.WHOLE:
            truth.account.take(entry)
        elif kind is Kind.CODE:
            assert scan.reason is not None  # noqa: S101 -- codes that give nothing have a reason
            verdict = "held" if scan.reason in {"no-device-identifier", "ambiguous-code"} else "refused"
            truth.account.put(entry, verdict, scan.reason)
        elif scan.partner is None:
            truth.account.put(entry, "waiting", "half-label")
        elif scan.partner.scan_id in truth.account.entries:
            self._joined(scan)
        else:
            truth.account.put(entry, "waiting", "half-label")

    def _joined(self, scan: Scan) -> None:
        """The second half is here: the identifier's scan is decided as if its label were whole."""
        assert scan.partner is not None  # noqa: S101 -- only called with two halves
        identifier, rest = (scan, scan.partner) if scan.kind is Kind.HALF_IDENTIFIER else (scan.partner, scan)
        self.truth.account.put(_entry(rest), "recorded", "half-label")
        self.truth.account.take(_entry(identifier))

    def _end_waiting(self, scans: list[Scan]) -> None:
        """The window of the halves that are alone has closed."""
        account = self.truth.account
        for scan in scans:
            if scan.partner is not None or scan.kind not in {Kind.HALF_IDENTIFIER, Kind.HALF_REST}:
                continue
            if scan.kind is Kind.HALF_REST:
                account.put(_entry(scan), "held", "half-label", "no-device-identifier")
            elif scan.unit is not None and scan.unit.goods.tracking == "none":
                account.take(_entry(scan))
            else:
                account.put(_entry(scan), "held", "half-label")


def _entry(scan: Scan) -> Entry:
    department = scan.department.code if scan.says_department else None
    return Entry(
        scan.scan_id, scan.action, scan.at, scan.unit, scan.quantity, scan.store, scan.to_store, scan.stay, department,
        scan.corrects, (scan.doubt,) if scan.doubt is not None else (), place=scan.place, document=scan.document,
    )  # fmt: skip


def simulate(plan: Plan) -> Iterator[Stage]:
    """The stages of a plan, for whoever does not need the truth."""
    return Hospital(plan).stages()

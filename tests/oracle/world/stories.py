"""Short sequences of scans: what a nurse, a broken gun or a bad label sends, in the order it is sent."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any, Final
from uuid import UUID

from tests.oracle.values import HOSPITAL, SCANS, Facts, Intent
from tests.oracle.world.goods import BY_NAME, CONFIRMING, STORES, Goods, Stay, label

SHANGHAI: Final = timezone(timedelta(hours=8))
FIRST_AT: Final = datetime(2024, 5, 31, 20, 0, tzinfo=SHANGHAI)
"""Four hours before a month ends, so that every run has uses on both sides of midnight."""
SPREAD_MINUTES: Final = 8 * 60
GOOD_UNTIL: Final = "270131"
EXPIRED_ON: Final = "240130"
USED: Final = ("screw", "stent", "valve", "suture", "gauze", "drape", "lens", "plate", "glue", "mesh")
STOCKED: Final = ("screw", "stent", "suture", "glue")


class Desk:
    """Where stories get their chance, their encounters and their numbers from."""

    def __init__(self, chance: Random, known: Sequence[Stay], lanes: int, *, first: int = 0) -> None:
        self.chance = chance
        self.plain = [stay for stay in known if "-" not in stay.code]
        self.special = {stay.code: stay for stay in known if "-" in stay.code}
        self.lanes = lanes
        self._number = first

    def number(self) -> int:
        """A number nobody else gets."""
        self._number += 1
        return self._number

    def scan_id(self) -> str:
        """A device's new id."""
        return str(UUID(int=self.chance.getrandbits(128), version=4))

    def stay(self) -> Stay:
        """An ordinary encounter."""
        return self.chance.choice(self.plain)

    def goods(self, names: Sequence[str] = USED) -> Goods:
        """One of them."""
        return BY_NAME[self.chance.choice(names)]

    def begin(self) -> datetime:
        """When a story begins."""
        return FIRST_AT + timedelta(seconds=self.chance.randrange(SPREAD_MINUTES * 60))


def scan(desk: Desk, action: str, goods: Goods, **given: Any) -> Intent:
    """A scan event; what is not given is chosen.

    Args:
        desk: where chance comes from.
        action: of the event.
        goods: what is scanned.
        given: fields of `Facts`; and `box` (the label of a box), `at` (the instant), `packages`, `tail` (the label
            after the identifier), `codes`.
    """
    number = desk.number()
    packages = given.pop("packages", 1 if goods.tracking == "serial" else desk.chance.randint(1, 3))
    box = given.pop("box", goods.boxed and desk.chance.random() < 0.3)
    lot = given.pop("lot", None if goods.internal else f"L{number % 5}")
    serial = given.pop("serial", f"SN{number}" if goods.tracking == "serial" else None)
    expiry = EXPIRED_ON if given.get("expired") else GOOD_UNTIL
    di = goods.box_di if box else goods.di
    codes = given.pop("codes", [label(di, expiry=expiry, lot=lot, serial=serial)])
    at: datetime = given.pop("at", None) or desk.begin()
    facts = Facts(
        "scan",
        **{
            "scan_id": desk.scan_id(), "device_id": f"gun-{number}", "action": action, "item": goods.code,
            "issuer": "internal" if goods.internal else "GS1", "di": di, "lot": lot, "serial": serial,
            "quantity": packages * (10 if box else 1), "store": desk.chance.choice(STORES),
            "scanned_at": at.isoformat(timespec="milliseconds"), **given,
        },
    )  # fmt: skip
    return _sent(facts, packages, codes, number)


def _sent(facts: Facts, packages: int, codes: list[str], number: int) -> Intent:
    event = {
        "schema": "udi.scan/1", "scan_id": facts.scan_id, "hospital": HOSPITAL, "device_id": facts.device_id,
        "sequence": number, "boot": "b1", "scanned_at": facts.scanned_at, "action": facts.action,
        "quantity": packages, "store": facts.store, "department": facts.department, "encounter": facts.encounter,
        "operation": None, "team": "T1", "staff": "NURSE-1", "to_store": facts.to_store, "corrects": facts.corrects,
        "reason": None, "entry": "scan",
    }  # fmt: skip
    event |= {"item_code": facts.item} if facts.issuer == "internal" else {"codes": codes}
    return Intent(SCANS, f"{HOSPITAL}/{facts.encounter or facts.store}".encode(), json.dumps(event).encode(), facts)


def use(desk: Desk, goods: Goods, stay: Stay | None = None, **given: Any) -> Intent:
    """A use in an encounter; mostly by the encounter's department, sometimes the scan names none."""
    stay = stay or desk.stay()
    department = None if desk.chance.random() < 0.3 else stay.department
    return scan(desk, "use", goods, **{"encounter": stay.code, "department": department, **given})


def give_back(desk: Desk, used: Intent, *, packages: int, found: bool = False, seconds: int = 90) -> Intent:
    """A return of a use: by its scan id, or `found` by unit and encounter."""
    facts = used.facts
    at = datetime.fromisoformat(facts.scanned_at) + timedelta(seconds=seconds)
    goods = BY_NAME[facts.item.removeprefix("I-")]
    box = facts.di == goods.box_di
    return scan(
        desk, "return", goods, packages=packages, box=box, lot=facts.lot, serial=facts.serial, at=at,
        encounter=facts.encounter, department=facts.department, store=facts.store,
        corrects=None if found else facts.scan_id,
    )  # fmt: skip


def changed(sent: Intent, **fields: Any) -> Intent:
    """The same event with other fields in its body; the facts stay."""
    return replace(sent, value=json.dumps(json.loads(sent.value) | fields).encode())


def in_letters(number: int) -> str:
    """The number in letters: in digits, a lot at the end of a label may look like a lot and another element."""
    return "".join(chr(ord("A") + int(digit)) for digit in str(number))


def a_use(desk: Desk) -> list[Intent]:
    return [use(desk, desk.goods())]


def a_resent_use(desk: Desk) -> list[Intent]:
    sent = use(desk, desk.goods())
    return [sent] * desk.chance.randint(2, 4)


def a_use_resent_with_its_fields_in_another_order(desk: Desk) -> list[Intent]:
    sent = use(desk, desk.goods())
    event = json.loads(sent.value)
    return [sent, replace(sent, value=json.dumps(dict(sorted(event.items())), indent=1).encode())]


def a_use_resent_on_another_lane(desk: Desk) -> list[Intent]:
    sent = use(desk, desk.goods(("screw", "suture", "gauze", "mesh")))
    return [sent, *(replace(sent, key=None, partition=lane) for lane in range(desk.lanes))]


def a_conflict(desk: Desk) -> list[Intent]:
    sent = use(desk, desk.goods())
    return [sent, changed(sent, staff="NURSE-2"), sent]


def a_return(desk: Desk) -> list[Intent]:
    goods, lot = desk.goods(), f"LR{in_letters(desk.number())}"
    sent = use(desk, goods, lot=None if goods.internal else lot)
    # A return without a scan id must have one use it can mean.
    found = not goods.internal and desk.chance.random() < 0.5
    given_back = give_back(desk, sent, packages=json.loads(sent.value)["quantity"], found=found)
    return [sent, given_back, given_back] if desk.chance.random() < 0.3 else [sent, given_back]


def partial_returns(desk: Desk) -> list[Intent]:
    sent = use(desk, desk.goods(("screw", "suture", "plate", "mesh", "glue")), packages=3)
    return [sent, *(give_back(desk, sent, packages=1, seconds=90 * number) for number in (1, 2, 3))]


def more_returned_than_used(desk: Desk) -> list[Intent]:
    sent = use(desk, desk.goods(("screw", "suture", "plate", "mesh")), packages=3)
    return [sent, give_back(desk, sent, packages=2), give_back(desk, sent, packages=2, seconds=180)]


def a_return_without_its_use(desk: Desk) -> list[Intent]:
    return [give_back(desk, use(desk, desk.goods(("stent",))), packages=1)]


def a_return_before_its_use(desk: Desk) -> list[Intent]:
    sent = use(desk, desk.goods(("stent", "screw", "valve")), packages=1)
    return [give_back(desk, sent, packages=1), sent]


def a_serial_used_twice(desk: Desk) -> list[Intent]:
    stay, serial = desk.stay(), f"AGAIN{desk.number()}"
    goods = desk.goods(("stent", "valve", "lens"))
    return [use(desk, goods, stay, serial=serial), use(desk, goods, stay, serial=serial)]


def a_serial_used_returned_used(desk: Desk) -> list[Intent]:
    stay, serial = desk.stay(), f"BACK{desk.number()}"
    goods, at = desk.goods(("stent", "valve", "lens")), desk.begin()
    first = use(desk, goods, stay, serial=serial, at=at)
    return [
        first,
        give_back(desk, first, packages=1),
        use(desk, goods, stay, serial=serial, at=at + timedelta(hours=1)),
    ]


def a_held_serial_freed_by_a_return(desk: Desk) -> list[Intent]:
    stay, serial = desk.stay(), f"FREED{desk.number()}"
    goods = desk.goods(("stent", "valve"))
    first = use(desk, goods, stay, serial=serial)
    return [first, use(desk, goods, stay, serial=serial), give_back(desk, first, packages=1)]


def a_contested_serial(desk: Desk) -> list[Intent]:
    serial, goods = f"BOTH{desk.number()}", desk.goods(("stent", "valve", "lens"))
    return [use(desk, goods, stay, serial=serial) for stay in desk.chance.sample(desk.plain, 3)]


def a_use_in_a_special_stay(desk: Desk) -> list[Intent]:
    names = sorted(desk.special)
    return [use(desk, desk.goods(("screw", "suture", "stent")), desk.special[desk.chance.choice(names)])]


def a_use_without_encounter(desk: Desk) -> list[Intent]:
    return [scan(desk, "use", desk.goods(("screw", "suture")), department="ORTH")]


def an_expired_use(desk: Desk) -> list[Intent]:
    return [use(desk, desk.goods(("screw", "suture", "stent")), expired=True)]


def store_work(desk: Desk) -> list[Intent]:
    action = desk.chance.choice(("receive", "receive", "transfer", "waste", "opened", "count", "lend", "quarantine"))
    goods = desk.goods((*STOCKED, "mesh") if action == "receive" else STOCKED)
    to_store = {"transfer": "CENTRAL", "lend": "LAB"}.get(action)
    return [scan(desk, action, goods, to_store=to_store, department="ORTH")]


def goods_sent_back(desk: Desk) -> list[Intent]:
    about = {"lot": f"BACK{in_letters(desk.number())}", "store": desk.chance.choice(STORES), "box": False}
    return [scan(desk, action, BY_NAME["suture"], **about) for action in ("receive", "send-back")]


def goods_sent_back_from_two_places(desk: Desk) -> list[Intent]:
    """A part of them is locked away before: it leaves first."""
    at = desk.begin()
    about: dict[str, Any] = {
        "lot": f"TWO{in_letters(desk.number())}",
        "store": desk.chance.choice(STORES),
        "box": False,
    }
    locked = desk.chance.randint(1, 2)
    ways: tuple[tuple[str, int, dict[str, Any]], ...] = (
        ("receive", 5, {}),
        ("quarantine", locked, {}),
        ("send-back", 4, {"cleared": locked}),
    )
    return [
        scan(desk, action, BY_NAME["suture"], packages=packages, at=at + timedelta(minutes=place), **about, **more)
        for place, (action, packages, more) in enumerate(ways)
    ]


def goods_of_another_lot(desk: Desk) -> list[Intent]:
    """A use or a receipt, and the scan that says of which lot they were: in one lane, for both have one key."""
    at, lots = desk.begin(), (f"IS{in_letters(desk.number())}", f"WAS{in_letters(desk.number())}")
    about: dict[str, Any] = {"packages": 2, "box": False, "store": desk.chance.choice(STORES)}
    if desk.chance.random() < 0.5:
        about["encounter"] = desk.stay().code
    action = "use" if "encounter" in about else "receive"
    goods = desk.goods(("screw", "suture"))
    first = scan(desk, action, goods, lot=lots[1], at=at, department="ORTH", **about)
    named = {"corrects": first.facts.scan_id, "at": at + timedelta(minutes=3)}
    return [first, *(scan(desk, "identify", goods, lot=lots[0], **named, **about) for _ in range(2))]


def a_set_for_one_operation(desk: Desk) -> list[Intent]:
    stay, number = desk.stay(), desk.number()
    about: dict[str, Any] = {"lot": f"SET{in_letters(number)}", "store": "OR-1", "set_of": f"GT-{number}", "box": False}
    told = [
        scan(desk, "receive", BY_NAME["suture"], packages=3, **about),
        scan(desk, "use", BY_NAME["suture"], packages=1, encounter=stay.code, department=stay.department, **about),
        scan(desk, "send-back", BY_NAME["suture"], packages=2, **about),
    ]
    return [changed(each, place="set", document=each.facts.set_of) for each in told]


def goods_on_their_way(desk: Desk) -> list[Intent]:
    """Sent to a store that accepts by scan, which is resent on every lane, and accepted in two parts."""
    at, store = desk.begin(), desk.chance.choice(STORES)
    goods, lot = desk.goods(("screw", "suture")), f"WAY{in_letters(desk.number())}"
    about: dict[str, Any] = {"lot": lot, "box": False, "department": "ORTH"}
    came = scan(desk, "receive", goods, packages=3, store=store, at=at, **about)
    later = at + timedelta(minutes=10)
    sent = scan(desk, "transfer", goods, packages=3, store=store, to_store=CONFIRMING, at=later, **about)
    later += timedelta(minutes=10)
    parts = [scan(desk, "accept", goods, packages=each, store=CONFIRMING, at=later, **about) for each in (1, 2)]
    again = [replace(parts[0], key=None, partition=lane) for lane in range(desk.lanes)]
    return [came, sent, *parts, *again] if desk.chance.random() < 0.5 else [came, sent, *parts]


def goods_lent_and_given_back(desk: Desk) -> list[Intent]:
    at, (owner, borrower) = desk.begin(), desk.chance.sample(STORES, 2)
    about: dict[str, Any] = {"lot": f"LENT{in_letters(desk.number())}", "box": False, "department": "ORTH"}
    lent = scan(desk, "lend", BY_NAME["screw"], packages=3, store=owner, to_store=borrower, at=at, **about)
    about |= {"store": borrower, "to_store": owner, "at": at + timedelta(hours=1)}
    back = scan(desk, "give-back", BY_NAME["screw"], packages=2, **about)
    return [lent, back, back]


def goods_locked_away(desk: Desk) -> list[Intent]:
    """Into quarantine and out of it, also a unit with a serial; or expired when they came, and sent back from there."""
    at, goods, number = desk.begin(), desk.goods(("stent", "suture")), in_letters(desk.number())
    about: dict[str, Any] = {"lot": f"LOCK{number}", "packages": 1, "box": False, "store": desk.chance.choice(STORES)}
    about |= {"serial": f"LOCK{number}"} if goods.tracking == "serial" else {}
    ways: tuple[tuple[str, dict[str, Any]], ...] = (("receive", {}), ("quarantine", {}), ("clear", {}))
    if desk.chance.random() < 0.3:
        ways = (("receive", {"expired": True}), ("send-back", {"expired": True, "locked": True}))
    return [
        scan(desk, action, goods, at=at + timedelta(minutes=place), **about, **more)
        for place, (action, more) in enumerate(ways)
    ]


def differences_that_nobody_posted(desk: Desk) -> list[Intent]:
    """What only a posted count may book, said by somebody else."""
    sent = scan(desk, desk.chance.choice(("missing", "found")), BY_NAME["glue"])
    return [changed(sent, document="C-1", entry="manual", reason="counted")]


def poison(desk: Desk) -> list[Intent]:
    sent = use(desk, BY_NAME["screw"], lot="L1", box=False)
    facts, di = sent.facts, BY_NAME["screw"].di
    wrong = f"{di[:-1]}{(int(di[-1]) + 1) % 10}"
    unread = Facts("poison", refusal="not-json")
    bad: list[Callable[[], Intent]] = [
        lambda: replace(sent, value=b"\x00\xff not json", facts=unread),
        lambda: replace(sent, value=sent.value[:-7], facts=unread),
        lambda: _refused(changed(sent, action="eat"), "bad-event"),
        lambda: _refused(changed(sent, quantity=0), "bad-event"),
        lambda: _refused(changed(sent, scanned_at="yesterday"), "bad-event"),
        lambda: _refused(replace(sent, key=f"{HOSPITAL}/another".encode()), "key-mismatch"),
        lambda: _refused(changed(sent, codes=[label(wrong, lot="L1")]), "bad-check-digit"),
        lambda: _refused(changed(sent, codes=["hello world"]), "not-a-udi"),
    ]
    assert facts.scan_id
    return [desk.chance.choice(bad)()]


def a_refused_id_used_again(desk: Desk) -> list[Intent]:
    sent = use(desk, desk.goods(("screw", "stent")))
    return [_refused(changed(sent, codes=["hello world"]), "not-a-udi"), sent]


def _refused(sent: Intent, reason: str) -> Intent:
    return replace(sent, facts=replace(sent.facts, kind="poison", refusal=reason))


def two_halves_of_a_label(desk: Desk) -> list[Intent]:
    goods, stay, at = BY_NAME["suture"], desk.stay(), desk.begin()
    gun = f"gun-half-{desk.number()}"
    both = {"device_id": gun, "encounter": stay.code, "store": "OR-1", "lot": "LH", "packages": 1}
    later = at + timedelta(seconds=5)
    named = scan(desk, "use", goods, at=at, codes=[label(goods.di)], **both)
    other = scan(desk, "use", goods, at=later, codes=[label("", lot="LH", expiry=GOOD_UNTIL)], **both)
    return [named, replace(other, facts=replace(other.facts, half_of=named.facts.scan_id))]


STORIES: Final[tuple[tuple[Callable[[Desk], list[Intent]], int], ...]] = (
    (a_use, 50),
    (a_resent_use, 6),
    (a_use_resent_with_its_fields_in_another_order, 2),
    (a_use_resent_on_another_lane, 2),
    (a_conflict, 2),
    (a_return, 7),
    (partial_returns, 3),
    (more_returned_than_used, 1),
    (a_return_without_its_use, 1),
    (a_return_before_its_use, 1),
    (a_serial_used_twice, 2),
    (a_serial_used_returned_used, 2),
    (a_held_serial_freed_by_a_return, 1),
    (a_contested_serial, 3),
    (a_use_in_a_special_stay, 4),
    (a_use_without_encounter, 1),
    (an_expired_use, 1),
    (store_work, 8),
    (goods_sent_back, 1),
    (goods_sent_back_from_two_places, 1),
    (goods_of_another_lot, 3),
    (a_set_for_one_operation, 2),
    (goods_on_their_way, 2),
    (goods_lent_and_given_back, 1),
    (goods_locked_away, 2),
    (differences_that_nobody_posted, 1),
    (poison, 3),
    (a_refused_id_used_again, 1),
    (two_halves_of_a_label, 2),
)
"""Every story with its weight."""

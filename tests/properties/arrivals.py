"""Arrivals at random: what scanners and people can do to a lane, small enough that everything collides."""

from typing import Any

from hypothesis import strategies as st

from tests.support.builders import BOX, DI, TICK, at, encounter, gs1, gtin, item, price, scan, scan_id

PLATE_DI = gtin(5)
NEW_DI = gtin(6)
PLATE = item(
    item_code="PLATE",
    tracking="none",
    owner="supplier",
    supplier="S9",
    identifiers=[{"issuer": "GS1", "di": PLATE_DI, "units_per_package": 1}],
    prices=[price("0.0150")],
    cost=[{"cost": "0.0050"}],
)
FACTS: tuple[dict[str, Any], ...] = (item(), PLATE, encounter())
LATER: tuple[dict[str, Any], ...] = (
    item(item_code="NEW", tracking="none", identifiers=[{"issuer": "GS1", "di": NEW_DI, "units_per_package": 1}]),
    encounter(encounter="E2"),
)
"""What becomes known in the end."""

CODES = (
    [gs1(DI, expiry="271231", lot="L1")],
    [gs1(BOX, lot="L1")],
    [gs1(DI, expiry="220101", lot="L1")],
    [gs1(PLATE_DI, serial="S1")],
    [gs1(PLATE_DI, serial="S2")],
    [gs1(NEW_DI, lot="L1")],
    [gs1(DI)],
    [gs1(PLATE_DI)],
    [gs1(NEW_DI)],
    [gs1(lot="L1")],
    [gs1(serial="S1")],
    [gs1(expiry="271231", lot="L1")],
    ["HOUSE-7"],
)
STORE_WORK = [
    "receive", "receive", "waste", "opened", "transfer", "accept", "lend", "give-back", "quarantine", "clear",
    "send-back", "count",
]  # fmt: skip
BAD = (b"{", b"[]", b'{"schema": "udi.scan/1"}')


@st.composite
def events(draw: st.DrawFn, codes: tuple[list[str], ...] = CODES) -> dict[str, Any]:
    """A scan of one of few ids, goods, encounters and devices, at one of few moments."""
    number = draw(st.integers(1, 20))
    action = draw(st.sampled_from(["use"] * 6 + ["return"] * 4 + ["identify"] * 2 + STORE_WORK))
    changes: dict[str, Any] = {
        "action": action,
        "codes": draw(st.sampled_from(codes)),
        "quantity": draw(st.sampled_from([1, 1, 1, 2, 3])),
        "encounter": draw(st.sampled_from(["E1", "E1", "E1", "E2", None])),
        "device_id": draw(st.sampled_from(["gun1", "gun1", "gun2"])),
        "scanned_at": at(draw(st.sampled_from([1, 2, 3, 4, 5, 40, 66, 200]))),
    }
    if draw(st.booleans()):
        changes |= {"sequence": draw(st.integers(1, 4)), "boot": "b"}
    if action == "identify" and draw(st.booleans()):
        # By the paper they came with.
        changes |= {"document": draw(st.sampled_from(["D1", "D2"]))}
    elif action == "identify" or (action == "return" and draw(st.booleans())):
        changes["corrects"] = str(scan_id(draw(st.integers(1, 20))))
    elif action != "return" and draw(st.booleans()):
        changes |= {"document": draw(st.sampled_from(["D1", "D2"]))}
    if action in {"transfer", "lend", "give-back"}:
        changes["to_store"] = "OR-1"
    return scan(number, **changes)


Event = dict[str, Any] | bytes


@st.composite
def stories(draw: st.DrawFn) -> list[Event]:
    """What belongs together: a label read in two halves or one, used, and taken back in parts."""
    number, di = draw(st.integers(1, 90)) * 100, draw(st.sampled_from([DI, PLATE_DI, NEW_DI]))
    rest = draw(st.sampled_from([{"lot": "L1"}, {"serial": "S1"}, {"lot": "L1", "expiry": "220101"}]))
    about: dict[str, Any] = {
        "quantity": draw(st.integers(1, 3)),
        "device_id": draw(st.sampled_from(["gun1", "gun2"])),
        "encounter": draw(st.sampled_from(["E1", "E1", "E2"])),
    }
    split: list[list[str]] = [[gs1(di)], [gs1(None, **rest)]]
    codes = draw(st.sampled_from([[[gs1(di, **rest)]], split, split[::-1]]))
    told: list[Event] = [
        scan(number + place, codes=each, scanned_at=at(1 + place), **about) for place, each in enumerate(codes)
    ]
    for place in range(draw(st.integers(0, 4))):
        changes = about | {"quantity": draw(st.integers(1, 2)), "action": "return", "scanned_at": at(100 + place)}
        told.append(scan(number + 10 + place, codes=[gs1(di, **rest)], **changes))
    return told


@st.composite
def mistaken(draw: st.DrawFn) -> list[Event]:
    """Goods of one lot or unit, and the scan or two that say of which they are; some of them come back."""
    number, di = draw(st.integers(1, 90)) * 100 + 50, draw(st.sampled_from([DI, DI, PLATE_DI, NEW_DI]))
    said, right = draw(st.permutations([{"lot": "L1"}, {"lot": "L2"}, {"serial": "S1"}, {"serial": "S2"}, {}]))[:2]
    action = draw(st.sampled_from(["use", "use", "use", "receive", "waste", "accept", "clear", "quarantine"]))
    patient = "E1" if action == "use" else None
    about: dict[str, Any] = {"quantity": 1 if "serial" in right else draw(st.integers(1, 3)), "encounter": patient}
    about["document"] = paper = draw(st.sampled_from([None, f"D{number}"]))
    named = {"document": paper} if paper else {"corrects": str(scan_id(number))}
    told: list[Event] = [scan(number, action=action, codes=[gs1(di, **said)], scanned_at=at(1), **about)]
    for place in range(draw(st.integers(1, 2))):
        changes = about | {"action": "identify", "codes": [gs1(di, **right)], "scanned_at": at(2 + place)} | named
        told.append(scan(number + 1 + place, **changes))
    if action == "use" and draw(st.booleans()):
        changes = about | {"action": "return", "codes": [gs1(di, **right)], "scanned_at": at(9)}
        told.append(scan(number + 9, **changes | {"quantity": 1}))
    return told


def arrivals(largest: int = 12) -> st.SearchStrategy[list[Event]]:
    """What lies on one lane: scans, ticks, rubbish, and a few stories that belong together, mixed or not."""
    alone: st.SearchStrategy[Event] = st.one_of(events(), events(), events(), st.just(TICK), st.sampled_from(BAD))
    told_alone = alone.map(lambda event: [event])
    parts = st.lists(st.one_of(told_alone, told_alone, stories(), mistaken()), min_size=1, max_size=largest)
    told = parts.map(lambda lists: [event for part in lists for event in part])
    return st.one_of(told, told.flatmap(st.permutations).map(list))


def cuts(length: int) -> st.SearchStrategy[list[int]]:
    """Sizes of batches that together have the length."""
    return st.lists(st.booleans(), min_size=length, max_size=length).map(_sizes)


def _sizes(ends: list[bool]) -> list[int]:
    sizes, size = [], 0
    for end in ends:
        size += 1
        if end:
            sizes.append(size)
            size = 0
    return [*sizes, size] if size else sizes

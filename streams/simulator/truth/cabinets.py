"""What must stand in the books of cabinets: what left them and where it went, and tags that the books don't know."""

from collections.abc import Iterator
from typing import Any

from streams.simulator.clock import stamp
from streams.simulator.hospital.goods import Unit
from streams.simulator.store.cabinets import NAME, Cabinets, Gone


def gone_rows(cabinets: Cabinets) -> Iterator[dict[str, Any]]:
    """What left a cabinet between two reads.

    `scanned` by whose scan, `came-back`, or nobody knows: `suspected`, or of a foreign tag `unknown-item`.
    """
    for each in cabinets.gone:
        scan = cabinets.scanned.get(each.unit.key)
        yield {
            "store": each.cabinet.store, "place": NAME, "session": each.session, "staff": each.staff,
            "seen_at": stamp(each.seen), "missed_at": stamp(each.missed), "item_code": _item(each.unit),
            "serial": each.unit.serial, "status": _status(cabinets, each),
            "scan_id": scan.scan_id if scan is not None else None,
        }  # fmt: skip


def tag_rows(cabinets: Cabinets) -> Iterator[dict[str, Any]]:
    """Tags of the newest reads that are none of what was scanned in."""
    unreceived = {unit.key for unit in cabinets.unreceived}
    for cabinet in cabinets.cabinets:
        _, units, texts = cabinet.seen or (0, [], [])
        named = [unit for unit in units if unit.key in unreceived or not unit.goods.listed]
        tags: list[Unit | str] = [*texts, *named]
        for tag in tags:
            yield {"store": cabinet.store, "place": NAME} | _finding(tag)


def _status(cabinets: Cabinets, gone: Gone) -> str:
    if gone.unit.key in cabinets.scanned:
        return "scanned"
    if gone.came_back:
        return "came-back"
    return "suspected" if gone.unit.goods.listed else "unknown-item"


def _finding(tag: Unit | str) -> dict[str, Any]:
    if isinstance(tag, str):
        return {"tag": tag, "item_code": None, "serial": None, "finding": "unread"}
    finding = "not-received" if tag.goods.listed else "unknown-item"
    return {"tag": None, "item_code": _item(tag), "serial": tag.serial, "finding": finding}


def _item(unit: Unit) -> str | None:
    """The item's code in the HIS catalogue; `None`: it is none of the house's."""
    return unit.goods.code if unit.goods.listed else None

"""Whether who keeps to an older document of the interface can still use the newer one."""

from collections.abc import Iterator
from typing import Any


def broken(old: Any, new: Any, place: str = "") -> Iterator[str]:
    """What of the old OpenAPI document the new one does not keep, a line each.

    Everything that was named must still be there; what a request needs may not become more; what a value may be may
    not become less.
    """
    if isinstance(old, dict):
        if not isinstance(new, dict):
            yield f"{place}: gone"
            return
        for name, value in old.items():
            if name in {"description", "summary", "title"}:
                continue
            if name not in new:
                yield f"{place}/{name}: gone"
            elif name == "required" and isinstance(value, list):
                yield from (f"{place}/required/{each}: became needed" for each in set(new[name]) - set(value))
            else:
                yield from broken(value, new[name], f"{place}/{name}")
        if "required" in new and "required" not in old and isinstance(new["required"], list):
            yield from (f"{place}/required/{each}: became needed" for each in new["required"])
    elif isinstance(old, list):
        gone = [each for each in old if each not in new] if isinstance(new, list) else old
        yield from (f"{place}: {each} is gone" for each in gone)
    elif old != new:
        yield f"{place}: was {old}, is {new}"

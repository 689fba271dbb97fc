"""What a log must not hold: the ids of patients' stays and of members of staff."""

import json
import re
from collections.abc import Iterable

from tests.oracle.values import Intent


def persons(intents: Iterable[Intent]) -> frozenset[str]:
    """Every id of a stay or a person in records that can be read."""
    found = set()
    for intent in intents:
        try:
            record = json.loads(intent.value)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            found |= {str(record[name]) for name in ("encounter", "staff") if record.get(name)}
    return frozenset(found)


def leaked(ids: Iterable[str], logs: Iterable[str]) -> list[str]:
    """The lines that hold one of the ids as a word of its own."""
    words = "|".join(re.escape(each) for each in sorted(ids, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w-])(?:{words})(?![\w-])")
    return [line for log in logs for line in log.splitlines() if pattern.search(line)] if words else []

import re
from pathlib import Path

from sinks.postgres.locks import AdvisoryLock

SINKS = Path(__file__).parents[2] / "sinks"
TAKEN = re.compile(r"pg_(?:try_)?advisory_\w+\((\d+)")


def test_every_number_of_an_advisory_lock_is_named() -> None:
    taken = {
        int(number)
        for path in (*SINKS.rglob("*.sql"), *SINKS.rglob("*.py"))
        for number in TAKEN.findall(path.read_text(encoding="utf-8"))
    }
    assert taken <= {int(each) for each in AdvisoryLock}


def test_a_number_stands_for_one_thing_in_one_place_of_sql() -> None:
    where: dict[int, set[str]] = {}
    for path in SINKS.rglob("*.sql"):
        for number in TAKEN.findall(path.read_text(encoding="utf-8")):
            where.setdefault(int(number), set()).add(path.name)
    shared = {number for number, files in where.items() if len(files) > 1}
    assert shared <= {AdvisoryLock.PERIOD, AdvisoryLock.RAW_PURGE, AdvisoryLock.CABINET}

"""The intent log: what is about to be sent is on the disk before it is sent."""

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from tests.oracle.values import Facts, Intent


class IntentLog:
    """JSON lines in `path`, forced to the disk; a half line at the end (a crash while writing) was never sent."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, intents: Iterable[Intent]) -> None:
        """Write the intents and return when they would survive a power cut."""
        with self._path.open("ab") as file:
            file.writelines(_line(intent) for intent in intents)
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> list[Intent]:
        """All intents in the order they were written; none when there is no log yet."""
        if not self._path.exists():
            return []
        return [_intent(line) for line in self._path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def _line(intent: Intent) -> bytes:
    key = None if intent.key is None else b64encode(intent.key).decode()
    fields = {"topic": intent.topic, "partition": intent.partition, "key": key}
    return (
        json.dumps({**fields, "value": b64encode(intent.value).decode(), "facts": asdict(intent.facts)}) + "\n"
    ).encode()


def _intent(line: bytes) -> Intent:
    fields = json.loads(line)
    key = None if fields["key"] is None else b64decode(fields["key"])
    return Intent(fields["topic"], key, b64decode(fields["value"]), Facts(**fields["facts"]), fields["partition"])

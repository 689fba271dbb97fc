"""Records with header names that are no text: brokers take them, and aiokafka's reader raises for the whole fetch.

For as long as it takes to read past one, records are taken apart by aiokafka's own Python reader with such names made
readable. Nothing of ours looks at a header by such a name; key and value are as they came.

References:
    Kafka, "Implementation: Record" (a header's key is a string; nobody checks its encoding).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy

_STRICT: Final = fetcher.MemoryRecords
_wanted: set[object] = set()
"""Who reads so now: readers of several partitions overlap, and the last one to leave makes it strict again."""


class _Text(bytearray):
    """Bytes whose parts decode to text whatever they are."""

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        return _Text(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:
        return super().decode(encoding, errors)


class _Batch(_DefaultRecordBatchPy):  # type: ignore[misc]
    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer: Any = _Text(self._buffer)


class _Records(_MemoryRecordsPy):  # type: ignore[misc]
    def next_batch(self) -> Any:
        part = self._next_slice
        batch = super().next_batch()
        return _Batch(part) if part is not None and isinstance(batch, DefaultRecordBatch) else batch


@contextmanager
def forgiving() -> Iterator[None]:
    """What is fetched meanwhile is taken apart so; slower, therefore only while something could not be read."""
    who = object()
    _wanted.add(who)
    fetcher.MemoryRecords = _Records
    try:
        yield
    finally:
        _wanted.discard(who)
        if not _wanted:
            fetcher.MemoryRecords = _STRICT

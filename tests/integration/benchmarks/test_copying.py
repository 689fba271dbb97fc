"""COPY is a fair ceiling: it leaves the rows that recording wrote."""

import pytest

from benchmarks import copying, steps
from benchmarks.copying import HEADER_BYTES, TRAILER, split
from benchmarks.parts import books
from streams.embedded.database import EmbeddedDatabase

HEADER = b"h" * HEADER_BYTES
ROWS = [b"\x00\x02" + b"\x00\x00\x00\x01" + bytes([place]) + b"\xff\xff\xff\xff" for place in range(5)]
"""Rows of two fields: a byte, and a null."""


@pytest.mark.parametrize(
    ("parts", "sizes"),
    [(1, [5]), (2, [2, 3]), (5, [1, 1, 1, 1, 1]), (6, [0, 1, 1, 1, 1, 1])],
)
def test_rows_are_split_in_order_and_none_is_lost(parts: int, sizes: list[int]) -> None:
    rows = iter(ROWS)
    expected = [HEADER + b"".join(next(rows) for _ in range(size)) + TRAILER for size in sizes]

    assert split(HEADER + b"".join(ROWS) + TRAILER, parts) == expected


async def test_copied_tables_hold_what_recording_wrote(database_server: EmbeddedDatabase, schema_template: str) -> None:
    server = database_server.url
    async with (
        books(server, template=schema_template) as recorded,
        books(server, facts=False, template=schema_template) as batched,
        books(server, facts=False, template=schema_template) as whole,
    ):
        async with steps.hot_pool(recorded) as pool:
            await steps.Line(pool).use(2 * steps.BATCH)
        dumped = await copying.dump(recorded)
        await copying.run(batched, whole, dumped, 2)

        assert all(len(rows) > HEADER_BYTES + len(TRAILER) for rows in dumped.values())
        assert await copying.dump(batched) == dumped
        assert await copying.dump(whole) == dumped

"""What the billing records of a day say of its uses."""

from uuid import UUID

from models.closing.figures import TiedUse
from models.money import fen_text
from sinks.postgres.closing.daily import Day, Entry, with_topic
from tests.support.builders import NOON, SECOND, body, scan_id

DAY = Day("H1", NOON, NOON + SECOND)


def test_a_record_of_any_size_is_counted() -> None:
    """A use of 100,000 units comes to more than the dearest price: docs/contract.md bounds the two apart."""
    use = TiedUse(scan_id(1), NOON, None, "E1", "SCREW", "billed", (), True, 100_000, (), 12_340_000, 0, 0, 0, 0, 0)
    fen, billing_id = 12_340_000_000, UUID(int=1)
    record = {"billing_id": str(billing_id), "kind": "charge", "quantity": 100_000, "amount": fen_text(fen)}

    (counted,), strays = with_topic([use], [Entry(use.scan_id, billing_id, 0, NOON)], [body(record)], DAY)

    assert (counted.topic_units, counted.topic_fen, strays) == (100_000, fen, 0)

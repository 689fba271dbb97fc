"""The names that suppliers, auditors and BI tools hold on to: views of the store with at least these columns."""

from typing import Final

from tests.support.ward import postgres_store

VIEWS: Final = {
    "deliveries": "hospital note line supplier item_code lot serial expected arrived accepted quarantined rejected "
    "returned findings status",
    "in_transit": "hospital document from_store to_store item_code lot serial owner quantity sent_at",
    "replenishment": "hospital store item_code on_hand on_order minimum maximum daily_use days_left proposed packages "
    "elsewhere",
    "demand_2": "hospital store item_code as_of first_came_on last_used_on weeks weeks_used weekly days forecast "
    "low high",
    "demand": "hospital store item_code as_of first_came_on last_used_on weeks weeks_used weekly days forecast "
    "low high",
    "slow_movers": "hospital store item_code owner quantity expiry value last_used_on first_came_on idle_days "
    "months_of_stock as_of",
    "working_capital": "hospital month supplier days value units units_without_cost used days_lying",
    "expiring": "hospital store item_code lot serial owner quantity expiry days_left value",
    "statements": "hospital supplier period version item_code used returned corrected quantity cost amount status "
    "invoice reason made_at made_by stated",
    "recall_lines": "hospital recall version kind encounter store issuer di lot serial quantity chance scan_id status "
    "closed_at closed_by",
    "recall_lines_2": "hospital recall version line_id kind chance status closed_at closed_by closing_reason reopened "
    "last_closed_at last_closed_by last_closing_reason last_closed_quantity last_closed_chance listed_at",
    "spelled_otherwise": "hospital store item_code lot serial quantity other other_place other_quantity",
    "loan_sets_3": "hospital document supplier item_code lot serial brought used wasted returned lacking status "
    "findings",
    "chain": "lane batch position digest head",
    "seals": "sealed_at root",
    "suspected_uses": "hospital store place session staff seen_at missed_at item_code issuer di serial status scan_id",
    "suspected_uses_2": "hospital store place session staff seen_at missed_at item_code issuer di serial status "
    "scan_id seen_in seen_in_at",
    "suspected_uses_3": "hospital store place session staff seen_at missed_at item_code issuer di serial status "
    "scan_id seen_in seen_in_at",
    "unknown_stores_2": "hospital store place item_code issuer di lot serial owner quantity scan_id action scanned_at "
    "device_id",
    "unknown_stores": "hospital store place item_code issuer di lot serial owner quantity scan_id action scanned_at "
    "device_id",
    "stock": "hospital store owner item_code issuer di lot serial expiry quantity",
    "stock_moves": "hospital move_id scan_id from_place to_place owner item_code issuer di lot serial quantity "
    "moved_at",
}
"""docs/contract.md, "Views"; names are never taken away."""


async def test_every_view_of_the_store_has_its_columns(database: str) -> None:
    async with postgres_store(database) as store:
        rows = await store.pool.fetch(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'report'"
        )
    found = {(row["table_name"], row["column_name"]) for row in rows}
    assert {(view, column) for view, columns in VIEWS.items() for column in columns.split()} - found == set()

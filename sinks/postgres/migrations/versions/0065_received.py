"""What a store received of an item is found by the item.

Revision ID: 0065
"""

from sinks.postgres.migrations.scripts import execute

revision = "0065"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index by item, and let what is due of orders ask through it."""
    execute("0065_received.sql")

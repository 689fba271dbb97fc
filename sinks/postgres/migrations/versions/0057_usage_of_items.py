"""The use of items in months is found by the item.

Revision ID: 0057
"""

from sinks.postgres.migrations.scripts import execute

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index of use by item."""
    execute("0057_usage_of_items.sql")

"""A surplus that went back is none; a line whose identifier no item has is named.

Revision ID: 0097
"""

from sinks.postgres.migrations.scripts import execute

revision = "0097"
down_revision = "0093"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two views, with the columns that they had."""
    execute("0097_received.sql")

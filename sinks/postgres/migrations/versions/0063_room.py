"""Rows that are changed have room for it.

Revision ID: 0063
"""

from sinks.postgres.migrations.scripts import execute

revision = "0063"
down_revision = "0064"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Leave half of each new page of places and balances free."""
    execute("0063_room.sql")

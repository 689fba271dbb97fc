"""Goods-in against delivery notes.

Revision ID: 0023
"""

from sinks.postgres.migrations.scripts import execute

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    execute("0023_receiving.sql")

"""Replenishment and orders.

Revision ID: 0047
"""

from sinks.postgres.migrations.scripts import execute

revision = "0047"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    execute("0047_orders.sql")

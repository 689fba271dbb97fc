"""Balances are written by the record step alone.

Revision ID: 0069
"""

from sinks.postgres.migrations.scripts import execute

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Refuse whoever else writes a balance, or what is left of an item in a store."""
    execute("0069_balances.sql")

"""Goods are of the supplier, and at the cost, of the delivery note they came with.

Revision ID: 0103
"""

from sinks.postgres.migrations.scripts import execute

revision = "0103"
down_revision = "0107"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables for what notes say otherwise than the catalogue, and a function that reads the cost of goods."""
    execute("0103_brought.sql")

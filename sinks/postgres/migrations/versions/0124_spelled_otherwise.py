"""Goods that moves have spelled in two ways are a work list.

Revision ID: 0124
"""

from sinks.postgres.migrations.scripts import execute

revision = "0124"
down_revision = "0119"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A view that is new."""
    execute("0124_spelled_otherwise.sql")

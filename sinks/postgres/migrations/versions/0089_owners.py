"""Whose goods a scan has moved is said by its newest move.

Revision ID: 0089
"""

from sinks.postgres.migrations.scripts import execute

revision = "0089"
down_revision = "0098"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two functions."""
    execute("0089_owners.sql")

"""A set with goods of several suppliers says so where sets are read.

Revision ID: 0078
"""

from sinks.postgres.migrations.scripts import execute

revision = "0078"
down_revision = "0080"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One view, beside the one that earlier services read."""
    execute("0078_sets_of_several.sql")

"""A foreign tag that left a cabinet is no suspected use.

Revision ID: 0099
"""

from sinks.postgres.migrations.scripts import execute

revision = "0099"
down_revision = "0089"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One view more; old services read what they read."""
    execute("0099_foreign_tags.sql")

"""What lacks of a set is asked of where its goods are.

Revision ID: 0123
"""

from sinks.postgres.migrations.scripts import execute

revision = "0123"
down_revision = "0114"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A view of the next number; old services read what they read."""
    execute("0123_sets_where_they_are.sql")

"""What says of goods what they are, and came before them, is decided again when they come.

Revision ID: 0085
"""

from sinks.postgres.migrations.scripts import execute

revision = "0085"
down_revision = "0082"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One function, beside the one that old services ask."""
    execute("0085_late_goods.sql")

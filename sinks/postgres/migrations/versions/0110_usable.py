"""What may be used has one meaning, and what lies in a whole hospital is read in one pass.

Revision ID: 0110
"""

from sinks.postgres.migrations.scripts import execute

revision = "0110"
down_revision = "0108"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Views with the columns they had, and functions of the next number; old services read what they read."""
    execute("0110_usable.sql")

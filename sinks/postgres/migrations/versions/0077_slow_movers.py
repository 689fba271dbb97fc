"""What lies in stores that have used nothing for a year is slow.

Revision ID: 0077
"""

from sinks.postgres.migrations.scripts import execute

revision = "0077"
down_revision = "0069"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One function, and the view that asks it."""
    execute("0077_slow_movers.sql")

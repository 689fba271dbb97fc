"""No use of a week is told from fewer weeks than a forecast needs.

Revision ID: 0082
"""

from sinks.postgres.migrations.scripts import execute

revision = "0082"
down_revision = "0081"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One view; old services write what they wrote."""
    execute("0082_demand.sql")

"""A unit with a serial is in one place, and the database holds that.

Revision ID: 0055
"""

from sinks.postgres.migrations.scripts import execute

revision = "0055"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the places of units, filled from the moves, and what refuses a second one."""
    execute("0055_unit_places.sql", "0055_deliveries.sql")

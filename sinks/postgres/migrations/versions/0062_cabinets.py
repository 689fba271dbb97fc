"""Cabinets that read RFID tags are heard: what has left them unscanned is a work list.

Revision ID: 0062
"""

from sinks.postgres.migrations.scripts import execute

revision = "0062"
down_revision = "0065"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the books of cabinets' reads, and leave suppliers' sets out of what a store uses."""
    execute("0062_cabinets.sql", "0062_demand.sql")

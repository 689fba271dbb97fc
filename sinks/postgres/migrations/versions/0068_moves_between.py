"""What moved within a time is read by the scans of that time.

Revision ID: 0068
"""

from sinks.postgres.migrations.scripts import execute

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Ask real use, weeks of use and goods of suppliers anew, and find uses below zero by an index."""
    execute("0068_moves_between.sql")

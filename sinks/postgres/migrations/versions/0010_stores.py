"""Stores and delivery notes as facts; stock as of an instant, what is on the way, what expires.

Revision ID: 0010
"""

from sinks.postgres.migrations.scripts import execute

revision = "0010"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    execute("0010_stores.sql")

"""The books say which versions run on them, so that old and new services run side by side while they are changed over.

Revision ID: 0036
"""

from sinks.postgres.migrations.scripts import execute

revision = "0036"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    execute("0036_served.sql")

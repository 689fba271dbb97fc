"""Use by store and by medical team, for rules that ask for it.

Revision ID: 0032
"""

from sinks.postgres.migrations.scripts import execute

revision = "0032"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    execute("0032_places.sql")

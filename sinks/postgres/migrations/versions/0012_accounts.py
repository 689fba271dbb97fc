"""People who sign in, and their sessions.

Revision ID: 0012
"""

from sinks.postgres.migrations.scripts import execute

revision = "0012"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, from the SQL beside this file."""
    execute("0012_accounts.sql")

"""A refused scan is found by its id.

Revision ID: 0046
"""

from sinks.postgres.migrations.scripts import execute

revision = "0046"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index, from the SQL beside this file."""
    execute("0046_refused.sql")

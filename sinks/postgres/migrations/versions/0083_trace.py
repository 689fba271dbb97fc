"""A trace says of each line which lot and serial the goods were, and which they turned out to be.

Revision ID: 0083
"""

from sinks.postgres.migrations.scripts import execute

revision = "0083"
down_revision = "0079"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One function, beside the one that old services ask."""
    execute("0083_trace.sql")

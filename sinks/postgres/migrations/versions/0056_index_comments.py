"""Each index says who asks through it.

Revision ID: 0056
"""

from sinks.postgres.migrations.scripts import execute

revision = "0056"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Comment the indexes."""
    execute("0056_index_comments.sql")

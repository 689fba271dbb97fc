"""What one label of a lot says of its days holds for the lot wherever a recall asks.

Revision ID: 0114
"""

from sinks.postgres.migrations.scripts import execute

revision = "0114"
down_revision = "0100"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New functions for old services' sake; the view with its columns as before."""
    execute("0114_recall_days.sql")

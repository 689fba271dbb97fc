"""A closed line of a recall is open again when its chance has risen, or when it has become certain.

Revision ID: 0079
"""

from sinks.postgres.migrations.scripts import execute

revision = "0079"
down_revision = "0078"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two columns of the closings, who fills them, and the view that compares."""
    execute("0079_recall_reopened.sql")

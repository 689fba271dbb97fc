"""What is used of quotas is found with one look at the items.

Revision ID: 0052
"""

from sinks.postgres.migrations.scripts import execute

revision = "0052"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace the view of quotas."""
    execute("0052_quotas.sql")

"""A recall knows what was lost without a scan.

Revision ID: 0053
"""

from sinks.postgres.migrations.scripts import execute

revision = "0053"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make what tells where the goods of a scan went and who lay in a department, and its index."""
    execute("0053_losses.sql")

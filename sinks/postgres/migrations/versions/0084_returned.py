"""More returned than came is a finding of goods-in; what went back is of the line that its receipt is of.

Revision ID: 0084
"""

from sinks.postgres.migrations.scripts import execute

revision = "0084"
down_revision = "0083"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A view, with the columns that it had."""
    execute("0084_returned.sql")

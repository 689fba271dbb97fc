"""What suppliers' own goods in the house are worth, month by month.

Revision ID: 0059
"""

from sinks.postgres.migrations.scripts import execute

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the view of the working capital that use-then-settle frees."""
    execute("0059_capital.sql")

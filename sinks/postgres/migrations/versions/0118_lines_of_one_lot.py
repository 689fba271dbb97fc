"""Several lines of a delivery note for the same goods are filled one after the other.

Revision ID: 0118
"""

from sinks.postgres.migrations.scripts import execute

revision = "0118"
down_revision = "0115"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two views with the columns that they had, and one more behind them."""
    execute("0118_lines_of_one_lot.sql")

"""What stores use by the week is forecast, and what nobody uses any more is listed.

Revision ID: 0058
"""

from sinks.postgres.migrations.scripts import execute

revision = "0058"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the book of demand, its views, and replenishment with the forecast beside it."""
    execute("0058_demand.sql")

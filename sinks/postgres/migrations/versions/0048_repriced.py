"""Late changes of prices that hold since ever are found, too.

Revision ID: 0048
"""

from sinks.postgres.migrations.scripts import execute

revision = "0048"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the next version of the function that finds late prices, and let the lanes look once more."""
    execute("0048_repriced.sql", "0048_missed.sql")

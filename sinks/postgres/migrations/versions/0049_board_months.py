"""Pages of a month over large books.

Revision ID: 0049
"""

from sinks.postgres.migrations.scripts import execute

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index of scans by when they were made, and the view of uses for review anew."""
    execute("0049_board_months.sql")

"""What the board opens, sign-in from elsewhere, overrides at the terminal.

Revision ID: 0033
"""

from sinks.postgres.migrations.scripts import execute

revision = "0033"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    execute("0033_board.sql")

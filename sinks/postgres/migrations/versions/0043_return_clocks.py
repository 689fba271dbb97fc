"""A hospital's tolerance of clocks holds by the time of the scan.

Revision ID: 0043
"""

from sinks.postgres.migrations.scripts import execute

revision = "0043"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the next versions of the functions, from the SQL beside this file."""
    execute("0043_return_clocks.sql")

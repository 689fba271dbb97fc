"""Identity numbers in reasons and corrections are not readable in the views.

Revision ID: 0035
"""

from sinks.postgres.migrations.scripts import execute

revision = "0035"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    execute("0035_personal.sql")

"""Identity numbers are recognised whatever signs stand between their digits, and with a digit glued to them.

Revision ID: 0041
"""

from sinks.postgres.migrations.scripts import execute

revision = "0041"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the next version of the function and the views that call it, from the SQL beside this file."""
    execute("0041_personal_signs.sql")

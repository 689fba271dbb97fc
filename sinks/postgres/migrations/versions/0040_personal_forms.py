"""Identity numbers are recognised in more of the ways in which they are written.

Revision ID: 0040
"""

from sinks.postgres.migrations.scripts import execute

revision = "0040"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the function anew, from the SQL beside this file."""
    execute("0040_personal_forms.sql")

"""A return that came first is freed by its use when the lot of one of them is not certain.

Revision ID: 0034
"""

from sinks.postgres.migrations.scripts import execute

revision = "0034"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    execute("0034_freed.sql")

"""Pages over large books.

Revision ID: 0045
"""

from sinks.postgres.migrations.scripts import execute

revision = "0045"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes, views and functions, from the SQL beside this file."""
    execute("0045_pages.sql")

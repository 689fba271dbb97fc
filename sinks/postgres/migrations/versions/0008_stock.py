"""The store: units and lots followed through the books.

Revision ID: 0008
"""

from sinks.postgres.migrations.scripts import execute

revision = "0008"
down_revision = "0002"
branch_labels = None
depends_on = None

PARTS = ("trace",)


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    execute(*(f"0008_{part}.sql" for part in PARTS))

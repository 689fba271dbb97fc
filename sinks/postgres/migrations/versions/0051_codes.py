"""Flags of labels and insurance codes, and the codes of an item by days.

Revision ID: 0051
"""

from sinks.postgres.migrations.scripts import execute

revision = "0051"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the list of flags anew, and the view of insurance codes."""
    execute("0051_codes.sql")

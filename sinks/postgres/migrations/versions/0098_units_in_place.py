"""What lies there leaves out units that the books have elsewhere.

Revision ID: 0098
"""

from sinks.postgres.migrations.scripts import execute

revision = "0098"
down_revision = "0097"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Views with the columns they had, and functions of the next number; old services read what they read."""
    execute("0098_units_in_place.sql")

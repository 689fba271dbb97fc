"""A unit that left a cabinet is suspected once, where it was seen last; cabinets of unknown stores are named.

Revision ID: 0080
"""

from sinks.postgres.migrations.scripts import execute

revision = "0080"
down_revision = "0077"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two views, and the one that old services ask."""
    execute("0080_cabinet_sights.sql")

"""What is on the way empties by what is accepted; what is not sold any more is not ordered.

Revision ID: 0096
"""

from sinks.postgres.migrations.scripts import execute

revision = "0096"
down_revision = "0095"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two views, with the columns that they had."""
    execute("0096_on_the_way.sql")

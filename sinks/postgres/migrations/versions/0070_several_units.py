"""One serial is one unit also when it comes in; an item code that the house does not know is named.

Revision ID: 0070
"""

from sinks.postgres.migrations.scripts import execute

revision = "0070"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The findings of delivery notes."""
    execute("0070_several_units.sql")

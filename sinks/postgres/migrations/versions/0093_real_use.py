"""What a store uses of goods that it has on loan counts as its use.

Revision ID: 0093
"""

from sinks.postgres.migrations.scripts import execute

revision = "0093"
down_revision = "0092"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A function; the view asks it when it is next made."""
    execute("0093_real_use.sql")

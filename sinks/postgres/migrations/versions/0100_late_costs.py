"""A cost that is told after the use reaches the settlement lines that lack it.

Revision ID: 0100
"""

from sinks.postgres.migrations.scripts import execute

revision = "0100"
down_revision = "0110"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make what finds such lines, settles them in statements and names them; let the lanes look for those of today."""
    execute("0100_late_costs.sql", "0100_missed.sql")

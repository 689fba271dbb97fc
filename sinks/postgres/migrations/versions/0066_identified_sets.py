"""A set has no line of what was identified as something else.

Revision ID: 0066
"""

from sinks.postgres.migrations.scripts import execute

revision = "0066"
down_revision = "0071"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Lines of nothing are left out."""
    execute("0066_identified_sets.sql")

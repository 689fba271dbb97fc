"""What a store uses of goods that it has on loan counts as its use, again.

Revision ID: 0094
"""

from sinks.postgres.migrations.scripts import execute

revision = "0094"
down_revision = "0089"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The view that a step between had made as it was."""
    execute("0094_real_use_again.sql")

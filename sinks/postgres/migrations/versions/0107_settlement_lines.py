"""The line that a reversal names is found by its supplier and month, and no index by its id is kept.

Revision ID: 0107
"""

from sinks.postgres.migrations.scripts import execute

revision = "0107"
down_revision = "0099"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The view gives what it gave; old services read it, too."""
    execute("0107_settlement_lines.sql")

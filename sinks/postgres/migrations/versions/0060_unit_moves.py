"""Keeping the places of units costs less.

Revision ID: 0060
"""

from sinks.postgres.migrations.scripts import execute

revision = "0060"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the triggers do nothing more where no unit with a serial moves, and sort moves once."""
    execute("0060_unit_moves.sql")

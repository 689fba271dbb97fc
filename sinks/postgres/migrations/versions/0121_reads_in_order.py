"""Reads of a cabinet that say one instant follow each other as they came.

Revision ID: 0121
"""

from sinks.postgres.migrations.scripts import execute

revision = "0121"
down_revision = "0123"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Views with the columns they had, and functions of the next number; old services call what they called."""
    execute("0121_reads_in_order.sql")

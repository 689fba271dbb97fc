"""Goods of another scan are identified by a scan.

Revision ID: 0054
"""

from sinks.postgres.migrations.scripts import execute

revision = "0054"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The action, what became of each, and goods-in without what went back under another lot."""
    execute("0054_identify.sql")

"""The scan rate, and the shares of national kinds and auxiliary goods.

Revision ID: 0031
"""

from sinks.postgres.migrations.scripts import execute

revision = "0031"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    execute("0031_scan_rate.sql")

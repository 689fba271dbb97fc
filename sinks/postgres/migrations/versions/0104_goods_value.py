"""What lies in the house is valued at what it came for.

Revision ID: 0104
"""

from sinks.postgres.migrations.scripts import execute

revision = "0104"
down_revision = "0103"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New functions for old services' sake; views with their columns as before."""
    execute("0104_goods_value.sql")

"""A scan costs PostgreSQL less: `udi.record_4`.

Revision ID: 0125
"""

from sinks.postgres.migrations.scripts import execute

revision = "0125"
down_revision = "0124"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One function more; old services go on with `udi.record_3`, and both may record in turns."""
    execute("0125_record.sql")

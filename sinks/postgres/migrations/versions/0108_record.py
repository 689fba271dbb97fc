"""A batch costs less, whatever its size: `udi.record_3`.

Revision ID: 0108
"""

from sinks.postgres.migrations.scripts import execute

revision = "0108"
down_revision = "0104"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two functions more; old services go on with `udi.record_2`, and both may record in turns."""
    execute("0108_record.sql")

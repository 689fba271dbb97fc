"""Keys of claims and places begin with what tells rows apart.

Revision ID: 0126
"""

from sinks.postgres.migrations.scripts import execute

revision = "0126"
down_revision = "0125"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The same keys under the same names; old services read and write as before."""
    execute("0126_keys.sql")

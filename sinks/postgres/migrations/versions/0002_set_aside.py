"""Scans that could not be decided again are kept with their error.

Revision ID: 0002
"""

from sinks.postgres.migrations.scripts import execute

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PARTS = ("set_aside",)


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    execute(*(f"0002_{part}.sql" for part in PARTS))

"""Watching: rules as dated data, findings, controls of charging, reviews.

Revision ID: 0006
"""

from sinks.postgres.migrations.scripts import execute

revision = "0006"
down_revision = "0008"
branch_labels = None
depends_on = None

PARTS = ("rules", "findings", "controls", "reviews")


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    execute(*(f"0006_{part}.sql" for part in PARTS))

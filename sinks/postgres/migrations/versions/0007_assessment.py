"""The assessment: discharged cases and incomes of departments.

Revision ID: 0007
"""

from sinks.postgres.migrations.scripts import execute

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

PARTS = ("cases", "ratios")


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    execute(*(f"0007_{part}.sql" for part in PARTS))

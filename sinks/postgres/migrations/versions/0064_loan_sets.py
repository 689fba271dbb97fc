"""Sets of suppliers for one operation; moves of units that the books had elsewhere.

Revision ID: 0064
"""

from sinks.postgres.migrations.scripts import execute

revision = "0064"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Both work lists, and the flag that names the second."""
    execute("0064_loan_sets.sql")

"""Tamper evidence: each lane chains what it records, and the heads of the lanes are sealed.

Revision ID: 0022
"""

from sinks.postgres.migrations.scripts import execute

revision = "0022"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    execute("0022_chain.sql")

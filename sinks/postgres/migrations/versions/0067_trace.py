"""Lots and serials are traced as people mean them.

Revision ID: 0067
"""

from sinks.postgres.migrations.scripts import execute

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The trace, and indexes of what is spelled otherwise."""
    execute("0067_trace.sql")

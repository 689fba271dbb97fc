"""Outbox records whose bodies are let go, once they are published and old.

Revision ID: 0029
"""

from sinks.postgres.migrations.scripts import execute

revision = "0029"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything, from the SQL beside this file."""
    execute("0029_purging.sql")

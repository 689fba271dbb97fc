"""Stores nobody has told, notes that contradict what is known; traces as people mean them.

Revision ID: 0067
"""

from sinks.postgres.migrations.scripts import execute

revision = "0067"
down_revision = "0074"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A work list, findings of notes; the trace, and indexes for it."""
    execute("0067_unknown_stores.sql", "0067_trace.sql")

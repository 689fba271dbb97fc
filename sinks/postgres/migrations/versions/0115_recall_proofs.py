"""Each proof of a recall's closure stays in the books.

Revision ID: 0115
"""

from sinks.postgres.migrations.scripts import execute

revision = "0115"
down_revision = "0121"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table and its view."""
    execute("0115_recall_proofs.sql")

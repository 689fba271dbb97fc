"""An answer of a supplier leaves the match of his invoices be; no store is no unknown store.

Revision ID: 0076
"""

from sinks.postgres.migrations.scripts import execute

revision = "0076"
down_revision = "0075"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Read the answer and the match of an item of a statement apart; ask for the store of a note where there is one."""
    execute("0076_statements.sql")
    execute("0076_no_store.sql")

"""Which stores ever borrowed is known, so that a use can take what its store has on loan.

Revision ID: 0092
"""

from sinks.postgres.migrations.scripts import execute

revision = "0092"
down_revision = "0096"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table, filled from the balances, and the trigger that keeps it."""
    execute("0092_borrowers.sql")

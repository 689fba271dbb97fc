"""One number of one supplier is one invoice, of one month; its lines add up.

Revision ID: 0095
"""

from sinks.postgres.migrations.scripts import execute

revision = "0095"
down_revision = "0085"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column, constraints on what comes from now on, and two views; what is kept stays as it is."""
    execute("0095_invoice_numbers.sql")

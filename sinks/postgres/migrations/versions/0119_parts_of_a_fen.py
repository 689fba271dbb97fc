"""The amount of an invoice's line may add up uses that are each rounded to the fen.

Revision ID: 0119
"""

from sinks.postgres.migrations.scripts import execute

revision = "0119"
down_revision = "0118"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A check that lets more pass; old services read and write what they did."""
    execute("0119_parts_of_a_fen.sql")

"""Invoices of suppliers are kept.

Revision ID: 0071
"""

from sinks.postgres.migrations.scripts import execute

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two books; a statement reads its answer, its match and what of them is on none of its lines apart."""
    execute("0071_invoices.sql")

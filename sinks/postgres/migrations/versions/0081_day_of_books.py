"""The day of the books is a hospital's own.

Revision ID: 0081
"""

from sinks.postgres.migrations.scripts import execute

revision = "0081"
down_revision = "0083"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Functions and views of the store follow the hospital's day."""
    execute("0081_day_of_books.sql")

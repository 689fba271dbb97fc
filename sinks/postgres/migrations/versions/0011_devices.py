"""Devices that may send scans through the gateway.

Revision ID: 0011
"""

from sinks.postgres.migrations.scripts import execute

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, from the SQL beside this file."""
    execute("0011_devices.sql")

"""Usage and alerts in PostgreSQL."""

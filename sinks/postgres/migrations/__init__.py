"""The schema's history: Alembic revisions whose SQL stands beside them in its own words."""

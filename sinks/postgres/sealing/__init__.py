"""Chains of the lanes and their seals in PostgreSQL."""

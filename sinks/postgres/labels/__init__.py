"""Learned lot patterns and scanner profiles in PostgreSQL."""

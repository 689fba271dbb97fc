"""Servers that come with the package: a broker in memory and a PostgreSQL that keeps its data."""

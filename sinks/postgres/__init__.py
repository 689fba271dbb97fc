"""The books in PostgreSQL, a package for each capability."""

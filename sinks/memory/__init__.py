"""The twins of the PostgreSQL books, in plain values."""

"""HIS charge lines and differences in PostgreSQL."""

"""Stock in PostgreSQL: the life of units and lots."""

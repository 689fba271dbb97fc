"""WHERE TO: effects. The PostgreSQL books, the topics, the metrics, and their in-memory twins."""

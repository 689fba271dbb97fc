"""Reading partitions: one lane each, with one batch in flight."""

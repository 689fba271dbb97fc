"""From raw records to labels: reading, pairing of halves, lost separators, learned lot patterns."""

"""The Faust agents: one per input topic. Each takes batches of its partitions and reads, gathers, decides, records."""

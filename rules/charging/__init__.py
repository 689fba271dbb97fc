"""From a recorded scan to charge, stock and settlement: the fold over a batch and its decisions."""

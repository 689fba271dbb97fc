"""The account of each scan of a simulated run: what was done, and what becomes of it."""

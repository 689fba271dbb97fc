"""Rules of closed months, days and cases: what must tie, and whether it does."""

"""Faults while scans flow, and control runs in which a protection is off: the checker must notice."""

"""Scan events as they are read."""

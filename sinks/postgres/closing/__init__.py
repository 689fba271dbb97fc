"""Periods, figures, days and cases in PostgreSQL."""

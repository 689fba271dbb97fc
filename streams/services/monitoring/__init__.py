"""Monitoring beside the hot path: the evaluator of alerts and what it finds."""

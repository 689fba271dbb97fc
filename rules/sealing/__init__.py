"""Tamper evidence: the root over the heads of all lanes."""

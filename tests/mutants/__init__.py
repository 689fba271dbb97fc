"""Mutants of `models` and `rules`: does a test notice when they decide otherwise? `make mutants`, outside CI."""

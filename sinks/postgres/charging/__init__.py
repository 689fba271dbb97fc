"""Gathering for a batch, recording it, and the commands of persons."""

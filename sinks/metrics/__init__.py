"""The metrics of a process."""

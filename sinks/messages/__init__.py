"""The messages that leave, one format each, as bytes."""

"""Commands for the engineer on call."""

"""Commands on alerts."""

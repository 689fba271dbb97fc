"""Commands on the charge catalogue."""

"""Commands on the department store."""

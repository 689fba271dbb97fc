"""The kinds of monitoring rules, one module each, and the registry that makes rules of their data."""

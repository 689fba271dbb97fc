"""Facts into the books."""

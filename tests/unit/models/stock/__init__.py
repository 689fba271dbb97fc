"""Values of stock."""

"""What stores will use, and what they order."""

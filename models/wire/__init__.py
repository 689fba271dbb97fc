"""What lies on topics: their names, and reading JSON that strangers wrote."""

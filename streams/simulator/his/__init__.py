"""The simulated HIS: its charge lines and its errors."""

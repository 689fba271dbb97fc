"""What is sent in a run: goods, stories of scans, and the log of what was meant."""

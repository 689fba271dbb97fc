"""What is recorded in one transaction, and how recording may fail."""

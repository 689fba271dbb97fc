"""What is reckoned of stores while time passes."""

"""What must come out of a simulated run."""

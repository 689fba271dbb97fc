"""What happens at the simulated bedside: people, labels, stories, mishaps."""

"""Assessment: weights, ranks, comparisons, targets; pure computation."""

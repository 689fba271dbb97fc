"""Assessment: weights, ranks, comparisons, ratios; pure computation."""

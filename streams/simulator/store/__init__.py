"""The store that the simulated hospital runs: what lies there in truth, beside what is scanned."""

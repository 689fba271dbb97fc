"""Commands that prove: demo, corpora, simulated truth against the books."""

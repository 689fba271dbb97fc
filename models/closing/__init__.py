"""Values of months and cases: figures, proofs, ledgers side by side."""

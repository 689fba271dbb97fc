-- Proofs that a case's ledgers tie.
SELECT;

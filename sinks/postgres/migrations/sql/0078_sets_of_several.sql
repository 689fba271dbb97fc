-- Goods of sets with the finding that only a whole set can have. report.loan_sets stays as it is: services before this add it themselves.
CREATE VIEW report.loan_sets_2 AS
SELECT hospital, document, supplier, store, encounter, operation, item_code, lot, serial, brought, used, wasted, returned, lacking, status,
       findings || CASE WHEN min(supplier) OVER one <> max(supplier) OVER one THEN ARRAY['several-suppliers'] ELSE ARRAY[]::text[] END AS findings
FROM report.loan_sets WINDOW one AS (PARTITION BY hospital, document);
COMMENT ON VIEW report.loan_sets_2 IS 'Goods of a set that a supplier brought for one operation: brought, used, wasted, sent back, and what lacks, in units of use; with what does not fit of the line or its whole set (findings).';

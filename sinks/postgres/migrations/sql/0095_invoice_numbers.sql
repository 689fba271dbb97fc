-- One number of one supplier is one invoice, of one month: what was kept under it last counts, and nothing else.
CREATE FUNCTION udi.invoice_number(invoice text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN upper(btrim(invoice));
COMMENT ON FUNCTION udi.invoice_number IS 'What an invoice is told by: its number without blanks at the ends and without regard to capitals.';

ALTER TABLE udi.invoice ADD COLUMN revision integer;
-- Rows from before have none; every later one has.
ALTER TABLE udi.invoice ADD CONSTRAINT revision_is_told CHECK (revision IS NOT NULL AND revision > 0) NOT VALID;
CREATE UNIQUE INDEX invoice_of_one_month ON udi.invoice (hospital, supplier, udi.invoice_number(invoice), revision);
COMMENT ON COLUMN udi.invoice.revision IS 'Counts what came under the number, in whatever month: the highest holds. Null: kept before 0095, when a number was told by its month, too.';
COMMENT ON INDEX udi.invoice_of_one_month IS 'One newest revision of a supplier''s number, so one month in which it counts; udi.invoice_now finds it.';
ALTER TABLE udi.invoice_line ADD CONSTRAINT invoice_asks_for_units CHECK (quantity <> 0) NOT VALID;
ALTER TABLE udi.invoice_line ADD CONSTRAINT invoice_amount_in_fen CHECK (amount = round(amount, 2)) NOT VALID;
ALTER TABLE udi.invoice_line ADD CONSTRAINT invoice_amount_adds_up CHECK (cost >= 0 AND abs(quantity * cost - amount) <= 0.01) NOT VALID;

CREATE OR REPLACE VIEW udi.invoice_now AS
SELECT l.hospital, l.supplier, l.period, l.invoice, l.version, l.n, l.item_code, l.quantity, l.cost, l.amount
FROM udi.invoice_line l
JOIN udi.invoice i USING (hospital, supplier, period, invoice, version)
WHERE NOT EXISTS (
    SELECT FROM udi.invoice later
    WHERE (later.hospital, later.supplier, udi.invoice_number(later.invoice)) = (i.hospital, i.supplier, udi.invoice_number(i.invoice))
      AND (later.revision > coalesce(i.revision, 0)
           OR (later.revision IS NULL AND i.revision IS NULL AND (later.period, later.invoice) = (i.period, i.invoice) AND later.version > i.version))
);
COMMENT ON VIEW udi.invoice_now IS 'The lines of each invoice''s newest revision. One kept for several months before 0095 counts in each until it is replaced; udi.invoice_again names it.';

CREATE VIEW udi.invoice_again AS
SELECT DISTINCT a.hospital, a.supplier, a.period, a.invoice, b.period AS other_period, b.invoice AS other_invoice
FROM udi.invoice_now a
JOIN udi.invoice_now b ON (b.hospital, b.supplier, udi.invoice_number(b.invoice)) = (a.hospital, a.supplier, udi.invoice_number(a.invoice))
    AND (b.period, b.invoice) <> (a.period, a.invoice);
COMMENT ON VIEW udi.invoice_again IS 'An invoice that is kept under one number for several months, or in several spellings: books from before 0095. Its items are mismatched until udi invoice --replace says which holds.';

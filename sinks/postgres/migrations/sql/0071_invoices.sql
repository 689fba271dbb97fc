-- Invoices are kept, so that those of a supplier's month add up by item, and what was invoiced without any use stands there.
CREATE TABLE udi.invoice (
    hospital text NOT NULL,
    supplier text NOT NULL,
    period   integer NOT NULL,
    invoice  text NOT NULL CHECK (invoice <> ''),
    version  integer NOT NULL CHECK (version > 0),
    by       text NOT NULL CHECK (by <> ''),
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT invoice_once PRIMARY KEY (hospital, supplier, period, invoice, version)
);
COMMENT ON TABLE udi.invoice IS 'An invoice of a supplier''s month as it came; a higher version of the same number was given in place of the lower. Append-only.';
CREATE TABLE udi.invoice_line (
    hospital  text NOT NULL,
    supplier  text NOT NULL,
    period    integer NOT NULL,
    invoice   text NOT NULL,
    version   integer NOT NULL,
    n         integer NOT NULL CHECK (n > 0),
    item_code text NOT NULL,
    quantity  bigint NOT NULL,
    cost      numeric NOT NULL,
    amount    numeric NOT NULL,
    CONSTRAINT invoice_line_once PRIMARY KEY (hospital, supplier, period, invoice, version, n),
    FOREIGN KEY (hospital, supplier, period, invoice, version) REFERENCES udi.invoice
);
COMMENT ON TABLE udi.invoice_line IS 'What an invoice asks for an item: units of use, yuan a unit and yuan, as they came. Append-only.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.invoice FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.invoice_line FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change();

CREATE VIEW udi.invoice_now AS
SELECT l.hospital, l.supplier, l.period, l.invoice, l.version, l.n, l.item_code, l.quantity, l.cost, l.amount
FROM udi.invoice_line l
WHERE NOT EXISTS (
    SELECT FROM udi.invoice later
    WHERE (later.hospital, later.supplier, later.period, later.invoice) = (l.hospital, l.supplier, l.period, l.invoice) AND later.version > l.version
);
COMMENT ON VIEW udi.invoice_now IS 'The lines of each invoice''s newest version.';

-- What the supplier answers and what an invoice came to are two things: neither ends the other.
CREATE OR REPLACE VIEW report.statements AS
SELECT l.hospital, l.supplier, udi.month_text(l.period) AS period, l.version, l.item_code, l.used, l.returned, l.corrected, l.quantity,
       udi.yuan_price(l.cost) AS cost, udi.yuan(l.amount_fen) AS amount,
       CASE WHEN match.status = 'mismatched' THEN 'mismatched' WHEN answer.disputes THEN 'disputed' ELSE coalesce(match.status, answer.status, 'open') END AS status,
       match.invoice,
       CASE WHEN NOT answer.disputes OR answer.disputes IS NULL THEN match.reason
            WHEN match.status = 'mismatched' THEN concat_ws('; ', match.reason, 'disputed: ' || answer.reason)
            ELSE answer.reason END AS reason,
       s.made_at, s.made_by, true AS stated
FROM udi.statement_line l
JOIN udi.statement s USING (hospital, supplier, period, version)
LEFT JOIN LATERAL (
    SELECT m.n, m.status, m.invoice, m.reason FROM udi.statement_mark m
    WHERE (m.hospital, m.supplier, m.period, m.version, m.item_code) = (l.hospital, l.supplier, l.period, l.version, l.item_code)
      AND m.status IN ('matched', 'mismatched')
    ORDER BY m.n DESC LIMIT 1
) match ON true
LEFT JOIN LATERAL (
    -- A match that comes after it settles a dispute.
    SELECT m.status, m.reason, m.status = 'disputed' AND m.n > coalesce(match.n, 0) AS disputes FROM udi.statement_mark m
    WHERE (m.hospital, m.supplier, m.period, m.version) = (l.hospital, l.supplier, l.period, l.version)
      AND (m.item_code IS NULL OR m.item_code = l.item_code) AND m.status IN ('confirmed', 'disputed')
    ORDER BY m.n DESC LIMIT 1
) answer ON true
UNION ALL
-- What is invoiced and stands on no line; who confirms the statement confirms no such item.
SELECT s.hospital, s.supplier, udi.month_text(s.period), s.version, i.item_code, 0, 0, 0, 0, NULL, udi.yuan(0), coalesce(mark.status, 'mismatched'),
       i.invoices, CASE WHEN mark.status IS NULL THEN 'not on the statement' ELSE mark.reason END, s.made_at, s.made_by, false
FROM (
    SELECT hospital, supplier, period, item_code, string_agg(DISTINCT invoice, ', ' ORDER BY invoice) AS invoices FROM udi.invoice_now GROUP BY 1, 2, 3, 4
) i
JOIN udi.statement s USING (hospital, supplier, period)
LEFT JOIN LATERAL (
    SELECT m.status, m.reason FROM udi.statement_mark m
    WHERE (m.hospital, m.supplier, m.period, m.version, m.item_code) = (s.hospital, s.supplier, s.period, s.version, i.item_code)
    ORDER BY m.n DESC LIMIT 1
) mark ON true
WHERE NOT EXISTS (
    SELECT FROM udi.statement_line l
    WHERE (l.hospital, l.supplier, l.period, l.version, l.item_code) = (s.hospital, s.supplier, s.period, s.version, i.item_code)
);
COMMENT ON TABLE udi.statement_mark IS 'What became of a statement, or of one item of it: confirmed or disputed by the supplier, matched or not with an invoice. Of answers and of matches the newest holds. Append-only.';

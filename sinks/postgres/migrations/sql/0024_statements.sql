-- Use-then-settle by supplier and month: statements in versions, and what became of each line.

-- What a supplier may invoice for a month by the books as they stand: uses and returns of the month, and returns of uses of earlier months.
CREATE VIEW udi.statement_due AS
SELECT t.hospital, t.supplier, t.period, t.item_code, coalesce(t.cost, -1) AS cost_key, t.cost,
       coalesce(sum(t.quantity) FILTER (WHERE t.reverses IS NULL), 0)::bigint AS used,
       coalesce(sum(t.quantity) FILTER (WHERE of.period = t.period), 0)::bigint AS returned,
       -coalesce(sum(t.quantity) FILTER (WHERE of.period < t.period), 0)::bigint AS corrected,
       sum(CASE WHEN t.reverses IS NULL THEN t.quantity ELSE -t.quantity END)::bigint AS quantity,
       CASE WHEN t.cost IS NOT NULL THEN sum(CASE WHEN t.reverses IS NULL THEN t.amount_fen ELSE -t.amount_fen END)::bigint END AS amount_fen
FROM udi.settlement t LEFT JOIN udi.settlement of ON of.line_id = t.reverses
GROUP BY t.hospital, t.supplier, t.period, t.item_code, t.cost;
COMMENT ON VIEW udi.statement_due IS 'Of each supplier, month, item and cost: used, returned (a use of the month), corrected (below zero: a use of an earlier month). quantity = used - returned + corrected.';
CREATE INDEX settlement_by_line ON udi.settlement (line_id);
CREATE INDEX settlement_of_supplier ON udi.settlement (hospital, supplier, period);

CREATE TABLE udi.statement (
    hospital text NOT NULL,
    supplier text NOT NULL,
    period   integer NOT NULL,
    version  integer NOT NULL CHECK (version > 0),
    made_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    made_by  text NOT NULL CHECK (made_by <> ''),
    PRIMARY KEY (hospital, supplier, period, version)
);
COMMENT ON TABLE udi.statement IS 'A statement that was made and published; a later version stands in place of the earlier, which stays as it was. Append-only.';
CREATE TABLE udi.statement_line (
    hospital   text NOT NULL,
    supplier   text NOT NULL,
    period     integer NOT NULL,
    version    integer NOT NULL,
    item_code  text NOT NULL,
    cost_key   bigint NOT NULL,
    cost       bigint,
    used       bigint NOT NULL,
    returned   bigint NOT NULL,
    corrected  bigint NOT NULL,
    quantity   bigint NOT NULL,
    amount_fen bigint,
    PRIMARY KEY (hospital, supplier, period, version, item_code, cost_key),
    FOREIGN KEY (hospital, supplier, period, version) REFERENCES udi.statement,
    CONSTRAINT quantity_adds_up CHECK (quantity = used - returned + corrected),
    CONSTRAINT cost_key_is_cost CHECK (cost_key = coalesce(cost, -1))
);
COMMENT ON TABLE udi.statement_line IS 'An item of a statement at one cost (1/10,000 yuan; null when none was known on the day). Append-only.';
CREATE TABLE udi.statement_mark (
    hospital  text NOT NULL,
    supplier  text NOT NULL,
    period    integer NOT NULL,
    version   integer NOT NULL,
    n         integer NOT NULL CHECK (n > 0),
    item_code text,
    status    text NOT NULL CHECK (status IN ('confirmed', 'disputed', 'matched', 'mismatched')),
    invoice   text,
    reason    text,
    by        text NOT NULL CHECK (by <> ''),
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (hospital, supplier, period, version, n),
    FOREIGN KEY (hospital, supplier, period, version) REFERENCES udi.statement
);
COMMENT ON TABLE udi.statement_mark IS 'What became of a statement, or of one item of it: confirmed or disputed by the supplier, matched or not with an invoice. The newest holds. Append-only.';
DO $$
DECLARE book text;
BEGIN
    FOREACH book IN ARRAY ARRAY['statement', 'statement_line', 'statement_mark'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.%I FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change()', book);
    END LOOP;
END $$;

-- Make the next version when the books say something else than the newest; gives the version that holds, null when nothing was ever owed.
CREATE FUNCTION udi.make_statement(p_hospital text, p_supplier text, p_period integer, p_by text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    newest integer;
BEGIN
    PERFORM pg_advisory_xact_lock(1979, hashtext(p_hospital || '/' || p_supplier));
    SELECT max(version) INTO newest FROM udi.statement WHERE (hospital, supplier, period) = (p_hospital, p_supplier, p_period);
    IF newest IS NULL AND NOT EXISTS (SELECT FROM udi.settlement WHERE (hospital, supplier, period) = (p_hospital, p_supplier, p_period)) THEN
        RETURN NULL;
    END IF;
    IF newest IS NOT NULL AND NOT EXISTS (
        SELECT FROM (
            SELECT item_code, cost_key, used, returned, corrected, quantity, amount_fen FROM udi.statement_due
            WHERE (hospital, supplier, period) = (p_hospital, p_supplier, p_period)
        ) due
        FULL JOIN (
            SELECT item_code, cost_key, used, returned, corrected, quantity, amount_fen FROM udi.statement_line
            WHERE (hospital, supplier, period, version) = (p_hospital, p_supplier, p_period, newest)
        ) stated USING (item_code, cost_key)
        WHERE (due.used, due.returned, due.corrected, due.amount_fen) IS DISTINCT FROM (stated.used, stated.returned, stated.corrected, stated.amount_fen)
    ) THEN
        RETURN newest;
    END IF;
    newest := coalesce(newest, 0) + 1;
    INSERT INTO udi.statement (hospital, supplier, period, version, made_by) VALUES (p_hospital, p_supplier, p_period, newest, p_by);
    INSERT INTO udi.statement_line
    SELECT hospital, supplier, period, newest, item_code, cost_key, cost, used, returned, corrected, quantity, amount_fen FROM udi.statement_due
    WHERE (hospital, supplier, period) = (p_hospital, p_supplier, p_period);
    RETURN newest;
END $$;
COMMENT ON FUNCTION udi.make_statement IS 'The statement of a supplier and month: a new version when the books have changed, else the newest.';

CREATE FUNCTION udi.publish_statement(p_hospital text, p_supplier text, p_id uuid, p_body bytea) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    seq bigint;
BEGIN
    UPDATE udi.topic_counter SET last_seq = last_seq + 1 WHERE (topic, partition) = ('statements', 0) RETURNING last_seq INTO STRICT seq;
    INSERT INTO udi.outbox_block (topic, partition, first_seq, last_seq, ids, keys, bodies)
    VALUES ('statements', 0, seq, seq, ARRAY[p_id], ARRAY[convert_to(p_hospital || '/' || p_supplier, 'UTF8')], ARRAY[p_body]);
END $$;
COMMENT ON FUNCTION udi.publish_statement IS 'One record for the topic of statements, in the caller''s transaction.';

CREATE VIEW report.statements AS
SELECT l.hospital, l.supplier, udi.month_text(l.period) AS period, l.version, l.item_code, l.used, l.returned, l.corrected, l.quantity,
       udi.yuan_price(l.cost) AS cost, udi.yuan(l.amount_fen) AS amount, coalesce(mark.status, 'open') AS status, mark.invoice, mark.reason, s.made_at, s.made_by
FROM udi.statement_line l
JOIN udi.statement s USING (hospital, supplier, period, version)
LEFT JOIN LATERAL (
    SELECT m.status, m.invoice, m.reason FROM udi.statement_mark m
    WHERE (m.hospital, m.supplier, m.period, m.version) = (l.hospital, l.supplier, l.period, l.version) AND (m.item_code IS NULL OR m.item_code = l.item_code)
    ORDER BY m.n DESC LIMIT 1
) mark ON true;

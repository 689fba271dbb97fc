-- Proofs that a case's ledgers tie, and what is published of cases.

CREATE FUNCTION udi.publish_case(p_hospital text, p_encounter text, p_id uuid, p_body bytea) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    seq bigint;
BEGIN
    UPDATE udi.topic_counter SET last_seq = last_seq + 1 WHERE (topic, partition) = ('cases', 0) RETURNING last_seq INTO STRICT seq;
    INSERT INTO udi.outbox_block (topic, partition, first_seq, last_seq, ids, keys, bodies)
    VALUES ('cases', 0, seq, seq, ARRAY[p_id], ARRAY[convert_to(p_hospital || '/' || p_encounter, 'UTF8')], ARRAY[p_body]);
END $$;
COMMENT ON FUNCTION udi.publish_case IS 'One record for the topic of cases, with the next sequence number, in the caller''s transaction; other publishers of the topic wait until it ends, so call it last. The id must follow from what the record says.';

CREATE TABLE udi.case_close (
    hospital  text NOT NULL,
    encounter text NOT NULL,
    operation text NOT NULL,
    n         integer NOT NULL CHECK (n > 0),
    by        text NOT NULL CHECK (by <> ''),
    closed_at timestamptz NOT NULL,
    PRIMARY KEY (hospital, encounter, operation, n)
);
COMMENT ON TABLE udi.case_close IS 'Which case a person has closed, and when; operation is '''' for the whole encounter. Append-only. Discharge and settlement close an encounter without a row here.';

CREATE TABLE udi.case_proof (
    hospital          text NOT NULL,
    encounter         text NOT NULL,
    operation         text NOT NULL,
    version           integer NOT NULL CHECK (version > 0),
    trigger           text NOT NULL CHECK (trigger IN ('discharged', 'settled', 'closed-by-person', 'changed')),
    discharged_at     timestamptz,
    settled_at        timestamptz,
    closings          integer NOT NULL,
    verdict           text NOT NULL CHECK (verdict IN ('closed', 'gaps')),
    scans             integer NOT NULL,
    units             bigint NOT NULL,
    amount_fen        bigint NOT NULL,
    stock_units       bigint NOT NULL,
    stock_fen         bigint NOT NULL,
    charged_units     bigint NOT NULL,
    charged_fen       bigint NOT NULL,
    owed_units        bigint NOT NULL,
    owed_fen          bigint NOT NULL,
    chargeable_units  bigint NOT NULL,
    supplied_units    bigint NOT NULL,
    gaps              jsonb NOT NULL,
    differences_open  integer NOT NULL,
    hash              bytea NOT NULL CHECK (length(hash) = 32),
    proven_at         timestamptz NOT NULL,
    recorded_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (hospital, encounter, operation, version),
    CONSTRAINT closed_case_has_no_gaps CHECK ((verdict = 'closed') = (gaps = '[]')),
    CONSTRAINT closed_case_ties CHECK (
        verdict = 'gaps' OR (units = stock_units AND chargeable_units = charged_units AND supplied_units = owed_units AND amount_fen = charged_fen)
    )
);
COMMENT ON TABLE udi.case_proof IS 'Every version of the proof of every case that was closed, append-only. proven_at is the broker''s timestamp of what caused it; recorded_at the database''s clock.';
CREATE TABLE udi.open_case (
    hospital  text NOT NULL,
    encounter text NOT NULL,
    operation text NOT NULL,
    since     timestamptz NOT NULL,
    PRIMARY KEY (hospital, encounter, operation)
);
COMMENT ON TABLE udi.open_case IS 'Cases whose newest proof has gaps, and since when. Derived from udi.case_proof.';
DO $$
DECLARE book text;
BEGIN
    FOREACH book IN ARRAY ARRAY['case_close', 'case_proof'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.%I FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change()', book);
    END LOOP;
END $$;

CREATE FUNCTION udi.case_scans(p_hospitals text[], p_encounters text[])
RETURNS TABLE (
    hospital text, case_encounter text, scan_id uuid, scanned_at timestamptz, used_on date, action text, encounter text, operation text, item_code text, issuer text,
    di text, lot text, serial text, units integer, verdict text, reasons text[], takes_back uuid,
    move_from text[], move_to text[], move_owners text[], move_items text[], move_lots text[], move_serials text[], move_units integer[],
    entry_ids uuid[], entry_reverses uuid[], entry_items text[], entry_units integer[], entry_prices bigint[], entry_fen bigint[], entry_versions bigint[],
    line_ids uuid[], line_reverses uuid[], line_suppliers text[], line_items text[], line_units integer[], line_fen bigint[], line_status text[]
) LANGUAGE sql STABLE ROWS 50 AS $$
    SELECT k.hospital, k.encounter, n.scan_id, n.scanned_at, (n.scanned_at AT TIME ZONE (SELECT zone FROM udi.installation))::date, n.action::text, n.encounter, n.operation, n.item_code, n.issuer, n.di, n.lot, n.serial,
        n.units, n.verdict::text, n.reasons, found.takes_back, moved.*, entered.*, owed.*
    FROM unnest(p_hospitals, p_encounters) k (hospital, encounter)
    CROSS JOIN LATERAL (
        WITH uses AS (
            SELECT s.position_id, s.record_offset, s.scan_id FROM udi.scan s
            JOIN udi.scan_claim c ON (c.hospital, c.scan_id, c.position_id, c.record_offset) = (s.hospital, s.scan_id, s.position_id, s.record_offset)
            WHERE (s.hospital, s.encounter) = (k.hospital, k.encounter) AND s.action IN ('use', 'return') AND s.action = 'use'
        ), backs AS (
            SELECT c.by_position, c.by_offset, uses.scan_id
            FROM uses JOIN udi.use_change c ON (c.use_position, c.use_offset) = (uses.position_id, uses.record_offset) AND c.units > 0
        )
        SELECT every_one.position_id, every_one.record_offset, (array_agg(every_one.takes_back) FILTER (WHERE every_one.takes_back IS NOT NULL))[1] AS takes_back
        FROM (
            SELECT uses.position_id, uses.record_offset, NULL::uuid AS takes_back FROM uses
            UNION ALL
            SELECT backs.by_position, backs.by_offset, backs.scan_id FROM backs
            UNION ALL
            SELECT o.position_id, o.record_offset, NULL FROM udi.open_scan o WHERE (o.hospital, o.encounter) = (k.hospital, k.encounter)
            UNION ALL
            -- Whatever else has an entry on the encounter's ledger: nothing should.
            SELECT l.position_id, l.record_offset, NULL FROM udi.ledger l WHERE (l.hospital, l.encounter) = (k.hospital, k.encounter)
        ) every_one GROUP BY every_one.position_id, every_one.record_offset
    ) found
    JOIN udi.scan_now n USING (position_id, record_offset)
    CROSS JOIN LATERAL (
        SELECT array_agg(m.from_place ORDER BY m.n), array_agg(m.to_place ORDER BY m.n), array_agg(m.owner ORDER BY m.n), array_agg(m.item_code ORDER BY m.n),
            array_agg(m.lot ORDER BY m.n), array_agg(m.serial ORDER BY m.n), array_agg(m.units ORDER BY m.n)
        FROM (
            SELECT 0 AS n, udi.place_from(s.action, s.store) AS from_place, udi.place_to(s.action, s.store, s.to_store) AS to_place, s.owner, s.item_code,
                s.lot, s.serial, s.units
            FROM udi.scan s WHERE (s.position_id, s.record_offset) = (found.position_id, found.record_offset) AND s.owner IS NOT NULL
            UNION ALL
            SELECT d.n, CASE WHEN d.takes_back THEN udi.place_to(n.action, n.store, n.to_store) ELSE udi.place_from(n.action, n.store) END,
                CASE WHEN d.takes_back THEN udi.place_from(n.action, n.store) ELSE udi.place_to(n.action, n.store, n.to_store) END, d.owner, d.item_code,
                CASE WHEN d.issuer IS NULL THEN s.lot ELSE d.lot END, CASE WHEN d.issuer IS NULL THEN s.serial ELSE d.serial END, d.units
            FROM udi.decision d JOIN udi.scan s USING (position_id, record_offset)
            WHERE (d.position_id, d.record_offset) = (found.position_id, found.record_offset) AND d.owner IS NOT NULL
        ) m
    ) moved
    CROSS JOIN LATERAL (
        SELECT array_agg(l.billing_id ORDER BY l.n), array_agg(charge.billing_id ORDER BY l.n), array_agg(l.item_code ORDER BY l.n),
            array_agg(l.quantity ORDER BY l.n), array_agg(l.unit_price ORDER BY l.n), array_agg(l.amount_fen ORDER BY l.n), array_agg(l.price_version ORDER BY l.n)
        FROM udi.ledger l
        LEFT JOIN udi.ledger charge ON (charge.position_id, charge.record_offset, charge.n) = (l.charge_position, l.charge_offset, l.charge_n)
        WHERE (l.position_id, l.record_offset) = (found.position_id, found.record_offset)
    ) entered
    CROSS JOIN LATERAL (
        SELECT array_agg(t.line_id ORDER BY t.n), array_agg(t.reverses ORDER BY t.n), array_agg(t.supplier ORDER BY t.n), array_agg(t.item_code ORDER BY t.n),
            array_agg(t.quantity ORDER BY t.n), array_agg(t.amount_fen ORDER BY t.n), array_agg(t.status ORDER BY t.n)
        FROM udi.settlement t WHERE (t.position_id, t.record_offset) = (found.position_id, found.record_offset)
    ) owed
$$;
COMMENT ON FUNCTION udi.case_scans IS 'All that has to do with the cases of encounters, one row for each scan with what it did to the other ledgers; one statement, and so one moment. The cost follows from the scans of the encounters, whatever the size of the books.';

CREATE FUNCTION udi.case_states(p_hospitals text[], p_encounters text[])
RETURNS TABLE (hospital text, encounter text, operation text, discharged_at timestamptz, settled_at timestamptz, closings integer)
LANGUAGE sql STABLE ROWS 50 AS $$
    SELECT k.hospital, k.encounter, '', newest.discharged_at, newest.settled_at, coalesce(whole.n, 0)
    FROM unnest(p_hospitals, p_encounters) k (hospital, encounter)
    LEFT JOIN LATERAL (
        SELECT e.discharged_at, e.settled_at FROM udi.encounter e WHERE (e.hospital, e.encounter) = (k.hospital, k.encounter) ORDER BY e.version DESC LIMIT 1
    ) newest ON true
    LEFT JOIN LATERAL (
        SELECT c.n FROM udi.case_close c WHERE (c.hospital, c.encounter, c.operation) = (k.hospital, k.encounter, '') ORDER BY c.n DESC LIMIT 1
    ) whole ON true
    WHERE newest.discharged_at IS NOT NULL OR newest.settled_at IS NOT NULL OR whole.n IS NOT NULL
    UNION ALL
    SELECT c.hospital, c.encounter, c.operation, NULL, NULL, max(c.n)
    FROM unnest(p_hospitals, p_encounters) k (hospital, encounter) JOIN udi.case_close c ON (c.hospital, c.encounter) = (k.hospital, k.encounter) AND c.operation <> ''
    GROUP BY c.hospital, c.encounter, c.operation
$$;
COMMENT ON FUNCTION udi.case_states IS 'The cases of encounters that are closed, by discharge, settlement or a person, and by what.';

CREATE FUNCTION udi.close_case(p_hospital text, p_encounter text, p_operation text, p_by text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    number integer;
    at timestamptz := clock_timestamp();
BEGIN
    PERFORM pg_advisory_xact_lock(1973, hashtext(p_hospital || '/' || p_encounter));
    SELECT coalesce(max(n), 0) + 1 INTO number FROM udi.case_close c WHERE (c.hospital, c.encounter, c.operation) = (p_hospital, p_encounter, p_operation);
    INSERT INTO udi.case_close VALUES (p_hospital, p_encounter, p_operation, number, p_by, at);
    PERFORM udi.mark_cases(ARRAY[p_hospital], ARRAY[p_encounter], at);
    RETURN number;
END $$;
COMMENT ON FUNCTION udi.close_case IS 'A person closes a case; whoever proves next proves it. Gives how often it has been closed.';

CREATE FUNCTION udi.record_proofs(p_proofs udi.case_proof[], p_ids uuid[], p_bodies bytea[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO udi.case_proof
    SELECT hospital, encounter, operation, version, trigger, discharged_at, settled_at, closings, verdict, scans, units, amount_fen, stock_units, stock_fen,
        charged_units, charged_fen, owed_units, owed_fen, chargeable_units, supplied_units, gaps, differences_open, hash, proven_at, clock_timestamp()
    FROM unnest(p_proofs);
    DELETE FROM udi.open_case o USING unnest(p_proofs) p
    WHERE (o.hospital, o.encounter, o.operation) = (p.hospital, p.encounter, p.operation) AND p.verdict = 'closed';
    INSERT INTO udi.open_case SELECT hospital, encounter, operation, proven_at FROM unnest(p_proofs) WHERE verdict = 'gaps' ON CONFLICT DO NOTHING;
    PERFORM udi.publish_case(p.hospital, p.encounter, p_ids[p.place], p_bodies[p.place])
    FROM (SELECT hospital, encounter, row_number() OVER () AS place FROM unnest(p_proofs)) p ORDER BY p.place;
END $$;
COMMENT ON FUNCTION udi.record_proofs IS 'Versions of proofs with their records for the outbox. A version that another prover has written meanwhile fails on its key, and nothing of it stands.';

CREATE VIEW report.returns AS
SELECT back.hospital, back.scan_id, used.scan_id AS use_scan_id, c.units AS quantity
FROM udi.use_change c
JOIN udi.scan back ON (back.position_id, back.record_offset) = (c.by_position, c.by_offset)
JOIN udi.scan used ON (used.position_id, used.record_offset) = (c.use_position, c.use_offset)
WHERE c.units > 0;
COMMENT ON VIEW report.returns IS 'Which return took back how much of which use.';

CREATE VIEW report.cases AS
SELECT hospital, encounter, nullif(operation, '') AS operation, version, CASE WHEN version > 1 THEN version - 1 END AS supersedes, trigger, verdict,
       trigger <> 'changed' AND verdict = 'gaps' AS notice, scans, units, udi.yuan(amount_fen) AS amount, stock_units, udi.yuan(stock_fen) AS stock_amount,
       chargeable_units, charged_units, udi.yuan(charged_fen) AS charged_amount, supplied_units, owed_units, udi.yuan(owed_fen) AS owed_amount,
       gaps, differences_open, encode(hash, 'hex') AS hash, proven_at
FROM udi.case_proof;
COMMENT ON VIEW report.cases IS 'Versions of case close proofs; the newest holds.';

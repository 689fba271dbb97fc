-- Tamper evidence. Each lane chains its batches: the head of a batch is a hash over the head before it and the digests of the rows it stored.
-- Digests are over stored values (instants as microseconds in UTC), in the order of (offset, n), never of time. Only types every PostgreSQL
-- has stand in them, so they come out the same after dump and restore.

CREATE TABLE udi.chain (
    lane        smallint NOT NULL,
    batch       bigint NOT NULL CHECK (batch > 0),
    position_id smallint NOT NULL,
    lo          bigint NOT NULL,
    hi          bigint NOT NULL CHECK (hi >= lo),
    recorded_at timestamptz NOT NULL,
    decided_positions smallint[] NOT NULL,
    decided_offsets   bigint[] NOT NULL,
    decided_numbers   smallint[] NOT NULL,
    counts      integer[] NOT NULL,
    digests     bytea[] NOT NULL,
    head        bytea NOT NULL,
    PRIMARY KEY (lane, batch)
);
COMMENT ON TABLE udi.chain IS 'One row per recorded batch of a lane (batch = the lane''s version after it), append-only. Its scans are those at the offsets lo up to before hi; its later decisions are named; its ledger, settlement and waste rows are those recorded at its instant. counts and digests: scans, decisions, ledger, settlement, waste.';
ALTER TABLE udi.chain ALTER COLUMN digests SET STORAGE PLAIN;

CREATE TABLE udi.seal (
    n         bigint PRIMARY KEY CHECK (n > 0),
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lanes     smallint[] NOT NULL,
    batches   bigint[] NOT NULL,
    heads     bytea[] NOT NULL,
    root      bytea NOT NULL
);
COMMENT ON TABLE udi.seal IS 'The heads of all lanes at an instant and their Merkle root, which also goes to the topic of seals and, when set, to a file outside. Append-only.';

DO $$
DECLARE book text;
BEGIN
    FOREACH book IN ARRAY ARRAY['chain', 'seal'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.%I FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change()', book);
    END LOOP;
END $$;

-- A row as bytes. Every column stands in it but the instant at which it was recorded, which is the batch's.
CREATE FUNCTION udi.scan_bytes(s udi.scan) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE RETURN record_send(ROW(
    (s).position_id, (s).record_offset, (s).lane, (s).recorded_at, (s).hospital, (s).scan_id, (s).device_id, (s).boot, (s).sequence, (s).scanned_at,
    (s).action::text, (s).entry, (s).quantity, (s).store, (s).to_store, (s).department, (s).encounter, (s).operation, (s).team, (s).staff, (s).corrects,
    (s).explanation, (s).issuer, (s).di, (s).lot, (s).serial, (s).expiry, (s).production, (s).verdict::text, (s).reasons, (s).item_code, (s).units,
    (s).owner, (s).record_key, (s).raw, (s).label_flags, (s).document, (s).place, (s).from_place, (s).to_place, (s).cost
));
CREATE FUNCTION udi.decision_bytes(d udi.decision) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE RETURN record_send(ROW(
    (d).position_id, (d).record_offset, (d).n, (d).lane, (d).decided_at, (d).verdict::text, (d).reasons, (d).issuer, (d).di, (d).lot, (d).serial,
    (d).expiry, (d).production, (d).item_code, (d).units, (d).owner, (d).label_flags, (d).takes_back, (d).from_place, (d).to_place, (d).cost
));
CREATE FUNCTION udi.ledger_bytes(l udi.ledger) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE RETURN record_send(ROW(
    (l).position_id, (l).record_offset, (l).n, (l).kind::text, (l).billing_id, (l).charge_position, (l).charge_offset, (l).charge_n, (l).credit_number,
    (l).hospital, (l).encounter, (l).department, (l).team, (l).item_code, (l).insurance_code, (l).quantity, (l).unit_price, (l).amount_fen,
    (l).price_version, (l).period, (l).posted_at, (l).flags
));
CREATE FUNCTION udi.settlement_bytes(t udi.settlement) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE RETURN record_send(ROW(
    (t).position_id, (t).record_offset, (t).n, (t).line_id, (t).reverses, (t).hospital, (t).supplier, (t).scan_id, (t).item_code, (t).quantity,
    (t).cost, (t).amount_fen, (t).period, (t).status
));
CREATE FUNCTION udi.waste_bytes(w udi.waste_cost) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE RETURN record_send(ROW(
    (w).position_id, (w).record_offset, (w).n, (w).hospital, (w).department, (w).item_code, (w).action::text, (w).explanation, (w).units, (w).cost,
    (w).amount_fen, (w).period
));

-- The instant of a batch: later than that of the lane's batch before, also when the clock went back. It tells which rows belong to the batch.
CREATE FUNCTION udi.batch_instant(p_lane smallint) RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT greatest(clock_timestamp(), (SELECT c.recorded_at FROM udi.chain c WHERE c.lane = p_lane ORDER BY c.batch DESC LIMIT 1) + interval '1 microsecond')
$$;

-- Chain one batch. Called by udi.record while it holds the lane's row.
CREATE FUNCTION udi.chain_batch(
    p_lane smallint, p_batch bigint, p_position smallint, p_lo bigint, p_hi bigint, p_recorded_at timestamptz, p_scans udi.scan[],
    p_decisions udi.decision[], p_ledger udi.ledger[], p_settlement udi.settlement[], p_waste udi.waste_cost[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    before bytea;
    digests bytea[] := array_fill(''::bytea, ARRAY[5]);
    counts integer[] := ARRAY[cardinality(p_scans), cardinality(p_decisions), cardinality(p_ledger), cardinality(p_settlement), cardinality(p_waste)];
BEGIN
    SELECT c.head INTO before FROM udi.chain c WHERE c.lane = p_lane ORDER BY c.batch DESC LIMIT 1;
    IF counts[1] > 0 THEN
        digests[1] := (SELECT sha256(string_agg(udi.scan_bytes(s), ''::bytea ORDER BY s.record_offset)) FROM unnest(p_scans) s);
    END IF;
    IF counts[2] > 0 THEN
        digests[2] := (SELECT sha256(string_agg(udi.decision_bytes(d), ''::bytea ORDER BY d.position_id, d.record_offset, d.n)) FROM unnest(p_decisions) d);
    END IF;
    IF counts[3] > 0 THEN
        digests[3] := (SELECT sha256(string_agg(udi.ledger_bytes(l), ''::bytea ORDER BY l.position_id, l.record_offset, l.n)) FROM unnest(p_ledger) l);
    END IF;
    IF counts[4] > 0 THEN
        digests[4] := (SELECT sha256(string_agg(udi.settlement_bytes(t), ''::bytea ORDER BY t.position_id, t.record_offset, t.n)) FROM unnest(p_settlement) t);
    END IF;
    IF counts[5] > 0 THEN
        digests[5] := (SELECT sha256(string_agg(udi.waste_bytes(w), ''::bytea ORDER BY w.position_id, w.record_offset, w.n)) FROM unnest(p_waste) w);
    END IF;
    INSERT INTO udi.chain
    SELECT p_lane, p_batch, p_position, p_lo, p_hi, p_recorded_at, ARRAY(SELECT d.position_id FROM unnest(p_decisions) d),
        ARRAY(SELECT d.record_offset FROM unnest(p_decisions) d), ARRAY(SELECT d.n FROM unnest(p_decisions) d), counts, digests,
        sha256(coalesce(before, ''::bytea) || record_send(ROW(
            p_lane, p_batch, p_position, p_lo, p_hi, p_recorded_at, ARRAY(SELECT d.position_id FROM unnest(p_decisions) d),
            ARRAY(SELECT d.record_offset FROM unnest(p_decisions) d), ARRAY(SELECT d.n FROM unnest(p_decisions) d), counts, digests
        )));
END $$;
COMMENT ON FUNCTION udi.chain_batch IS 'Appends a batch to the chain of its lane: in the transaction of the batch, under the lane''s lock.';

-- The head of a batch from its row and the head before it, as udi.chain_batch made it.
CREATE FUNCTION udi.head_of(p_before bytea, c udi.chain) RETURNS bytea LANGUAGE sql STABLE RETURN sha256(coalesce(p_before, ''::bytea) || record_send(ROW(
    (c).lane, (c).batch, (c).position_id, (c).lo, (c).hi, (c).recorded_at, (c).decided_positions, (c).decided_offsets, (c).decided_numbers, (c).counts, (c).digests
)));

CREATE FUNCTION udi.publish_seal(p_id uuid, p_body bytea) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    seq bigint;
BEGIN
    UPDATE udi.topic_counter SET last_seq = last_seq + 1 WHERE (topic, partition) = ('seals', 0) RETURNING last_seq INTO STRICT seq;
    INSERT INTO udi.outbox_block (topic, partition, first_seq, last_seq, ids, keys, bodies)
    VALUES ('seals', 0, seq, seq, ARRAY[p_id], ARRAY['seal'::bytea], ARRAY[p_body]);
END $$;
COMMENT ON FUNCTION udi.publish_seal IS 'One record for the topic of seals, in the caller''s transaction.';

CREATE VIEW report.chain AS
SELECT lane, batch, hi AS position, encode(sha256(convert_to(array_to_string(digests, ','), 'UTF8')), 'hex') AS digest, encode(head, 'hex') AS head, recorded_at FROM udi.chain;

CREATE VIEW report.seals AS
SELECT n, sealed_at, lanes, batches, encode(root, 'hex') AS root FROM udi.seal;

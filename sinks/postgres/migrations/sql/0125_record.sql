-- One batch of one lane, whole or not at all: udi.record_3 (0108) for less CPU a scan. Claims are plain rows: a key that is taken refuses the batch by itself,
-- where ON CONFLICT looked it up before each row and marked the row a second time. What is written is the same, byte for byte. Every protection of the promise
-- stands in udi.record_4.
-- Errors: UD001 the lane or its position moved (a zombie stops here); UD002, or a unique_violation of scan_recorded_once, unit_used_once or
-- use_change_numbered_once, a claim is taken; UD003 what was gathered is stale.

CREATE FUNCTION udi.record_4(
    p_lane smallint, p_version bigint, p_facts bigint, p_facts_seen bigint,
    p_position smallint, p_lo bigint, p_hi bigint, p_last_hash bytea,
    p_hospitals text[], p_closed integer[],
    p_claims udi.scan_claim[], p_units udi.unit_claim[], p_freed udi.unit_claim[], p_changes udi.use_change[],
    p_scans udi.scan[], p_decisions udi.decision[], p_closed_open udi.open_scan[], p_open udi.open_scan[],
    p_ledger udi.ledger[], p_settlement udi.settlement[], p_balances udi.balance[], p_store_items udi.store_item[],
    p_usage udi.usage_delta[], p_outbox udi.outbox_block[], p_readings udi.reading[],
    p_pairs udi.pair[], p_commands udi.command_outcome[], p_cases udi.case_delta[], p_waste udi.waste_cost[],
    p_raw udi.scan_raw[], p_overrides udi.scan_override[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    l udi.lane;
    at_offset bigint;
    n bigint;
    block udi.outbox_block;
    firsts bigint[] := '{}';
    before_at timestamptz;
    before_raws integer;
    before_head bytea;
    now_locked timestamptz;
BEGIN
    -- 1. The lane row by key, then compare: a lane has one writer.
    SELECT * INTO l FROM udi.lane WHERE lane = p_lane FOR UPDATE;
    SELECT c.recorded_at, c.counts[6], c.head INTO before_at, before_raws, before_head FROM udi.chain c WHERE c.lane = p_lane ORDER BY c.batch DESC LIMIT 1;
    -- As udi.batch_instant: later than the lane's batch before, also when the clock went back.
    now_locked := greatest(clock_timestamp(), before_at + interval '1 microsecond');
    SELECT next_offset INTO at_offset FROM udi.position WHERE position_id = p_position FOR UPDATE;
    IF l.version IS DISTINCT FROM p_version OR at_offset IS DISTINCT FROM p_lo THEN
        RAISE EXCEPTION 'Lane % is at version % offset %, expected % and %.', p_lane, l.version, at_offset, p_version, p_lo USING ERRCODE = 'UD001';
    END IF;
    -- A lane that has already re-decided for newer facts must not record by older ones: nobody would look again.
    IF l.facts_seen > p_facts THEN
        RAISE EXCEPTION 'Facts % are older than the % this lane has seen.', p_facts, l.facts_seen USING ERRCODE = 'UD003';
    END IF;
    -- 2. The periods: shared lock first, read in the next statement.
    IF cardinality(p_hospitals) > 0 THEN
        PERFORM pg_advisory_xact_lock_shared(1969, hashtext(h)) FROM (SELECT h FROM unnest(p_hospitals) h ORDER BY h) locked;
        IF EXISTS (
            SELECT FROM unnest(p_hospitals, p_closed) gathered (hospital, closed) LEFT JOIN udi.period USING (hospital)
            WHERE coalesce(closed_through, 0) <> gathered.closed
        ) THEN
            RAISE EXCEPTION 'A month was closed since the facts were gathered.' USING ERRCODE = 'UD003';
        END IF;
        -- Who accepts a recall takes the same lock alone: what is recorded after its acceptance was decided by it. A breaker that was
        -- opened since is in force for the batch as well.
        IF EXISTS (SELECT FROM udi.fact_change c WHERE c.version > p_facts AND c.kind IN ('recall', 'control') AND c.hospital = ANY (p_hospitals)) THEN
            RAISE EXCEPTION 'A recall was accepted, or charging controlled anew, since the facts were gathered.' USING ERRCODE = 'UD003';
        END IF;
    END IF;
    -- 3. Claims, in fixed order of tables and rows; who comes second waits for the first, and fails when that was recorded.
    IF cardinality(p_claims) > 0 THEN
        INSERT INTO udi.scan_claim (hospital, scan_id, position_id, record_offset, fingerprint)
        SELECT hospital, scan_id, position_id, record_offset, fingerprint FROM unnest(p_claims) ORDER BY scan_id, hospital;
    END IF;
    IF cardinality(p_freed) > 0 THEN
        DELETE FROM udi.unit_claim c USING unnest(p_freed) f
        WHERE (c.hospital, c.issuer, c.di, c.serial) = (f.hospital, f.issuer, f.di, f.serial)
          AND (c.position_id, c.record_offset) = (f.position_id, f.record_offset);
        GET DIAGNOSTICS n = ROW_COUNT;
        IF n <> cardinality(p_freed) THEN
            RAISE EXCEPTION 'A unit was freed meanwhile.' USING ERRCODE = 'UD002';
        END IF;
    END IF;
    IF cardinality(p_units) > 0 THEN
        INSERT INTO udi.unit_claim (hospital, issuer, di, serial, position_id, record_offset)
        SELECT hospital, issuer, di, serial, position_id, record_offset FROM unnest(p_units) ORDER BY serial, di, issuer, hospital;
    END IF;
    IF cardinality(p_changes) > 0 THEN
        INSERT INTO udi.use_change (use_position, use_offset, n, units, by_position, by_offset)
        SELECT use_position, use_offset, r.n, units, by_position, by_offset FROM unnest(p_changes) r ORDER BY use_position, use_offset, r.n;
    END IF;
    -- 4. The books.
    IF cardinality(p_scans) > 0 THEN
        INSERT INTO udi.scan (position_id, record_offset, lane, recorded_at, hospital, scan_id, device_id, boot, sequence, scanned_at, action, entry, quantity, store,
            to_store, department, encounter, operation, team, staff, corrects, explanation, issuer, di, lot, serial, expiry, production,
            verdict, reasons, item_code, units, owner, record_key, raw, label_flags, document, place, from_place, to_place, cost)
        SELECT position_id, record_offset, lane, recorded_at, hospital, scan_id, device_id, boot, sequence, scanned_at, action, entry, quantity, store,
            to_store, department, encounter, operation, team, staff, corrects, explanation, issuer, di, lot, serial, expiry, production,
            verdict, reasons, item_code, units, owner, record_key, raw, label_flags, document, place, from_place, to_place, cost FROM unnest(p_scans);
    END IF;
    IF cardinality(p_raw) > 0 THEN
        -- A month that has bytes of the lane's batch before is there: months go only when they ended long ago, and as a whole.
        IF coalesce(before_raws, 0) = 0 OR date_trunc('month', before_at, 'UTC') <> date_trunc('month', now_locked, 'UTC') THEN
            PERFORM udi.make_raw_month(now_locked);
        END IF;
        INSERT INTO udi.scan_raw (stored_at, position_id, record_offset, raw)
        SELECT now_locked, position_id, record_offset, raw FROM unnest(p_raw);
    END IF;
    IF cardinality(p_overrides) > 0 THEN
        INSERT INTO udi.scan_override (position_id, record_offset, badge, reason)
        SELECT position_id, record_offset, badge, reason FROM unnest(p_overrides);
    END IF;
    IF cardinality(p_decisions) > 0 THEN
        INSERT INTO udi.decision (position_id, record_offset, n, lane, decided_at, verdict, reasons, issuer, di, lot, serial, expiry, production, item_code, units, owner,
            label_flags, takes_back, from_place, to_place, cost)
        SELECT position_id, record_offset, r.n, lane, decided_at, verdict, reasons, issuer, di, lot, serial, expiry, production, item_code, units, owner,
            label_flags, takes_back, from_place, to_place, cost FROM unnest(p_decisions) r;
    END IF;
    IF cardinality(p_closed_open) > 0 THEN
        DELETE FROM udi.open_scan o USING unnest(p_closed_open) c
        WHERE (o.position_id, o.record_offset) = (c.position_id, c.record_offset);
    END IF;
    IF cardinality(p_open) > 0 THEN
        INSERT INTO udi.open_scan (position_id, record_offset, lane, verdict, reason, action, hospital, issuer, di, serial, item_code, encounter, since)
        SELECT position_id, record_offset, lane, verdict, reason, action, hospital, issuer, di, serial, item_code, encounter, since FROM unnest(p_open);
    END IF;
    IF cardinality(p_ledger) > 0 THEN
        INSERT INTO udi.ledger (position_id, record_offset, n, kind, billing_id, charge_position, charge_offset, charge_n, credit_number, hospital, encounter, department,
            team, item_code, insurance_code, quantity, unit_price, amount_fen, price_version, period, posted_at, flags, recorded_at)
        SELECT position_id, record_offset, e.n, kind, billing_id, charge_position, charge_offset, charge_n, credit_number, hospital, encounter,
            department, team, item_code, insurance_code, quantity, unit_price, amount_fen, price_version, period, posted_at, flags, now_locked
        FROM unnest(p_ledger) e;
    END IF;
    IF cardinality(p_settlement) > 0 THEN
        INSERT INTO udi.settlement (position_id, record_offset, n, line_id, reverses, hospital, supplier, scan_id, item_code, quantity, cost, amount_fen, period, status,
            recorded_at)
        SELECT position_id, record_offset, e.n, line_id, reverses, hospital, supplier, scan_id, item_code, quantity, cost, amount_fen, period, status,
            now_locked
        FROM unnest(p_settlement) e;
    END IF;
    IF cardinality(p_waste) > 0 THEN
        INSERT INTO udi.waste_cost (position_id, record_offset, n, hospital, department, item_code, action, explanation, units, cost, amount_fen, period, recorded_at)
        SELECT position_id, record_offset, w.n, hospital, department, item_code, action, explanation, units, cost, amount_fen, period, now_locked
        FROM unnest(p_waste) w;
    END IF;
    IF cardinality(p_balances) > 0 THEN
        INSERT INTO udi.balance AS b (hospital, store, item_code, owner, lot, serial, lane, issuer, di, expiry, quantity)
        SELECT hospital, store, item_code, owner, lot, serial, lane, issuer, di, expiry, quantity FROM unnest(p_balances)
        ON CONFLICT (hospital, store, item_code, owner, lot, serial, lane)
        DO UPDATE SET quantity = b.quantity + excluded.quantity, expiry = coalesce(excluded.expiry, b.expiry);
        INSERT INTO udi.store_item AS s (hospital, store, item_code, lane, quantity)
        SELECT hospital, store, item_code, lane, quantity FROM unnest(p_store_items)
        ON CONFLICT (hospital, store, item_code, lane) DO UPDATE SET quantity = s.quantity + excluded.quantity;
    END IF;
    IF cardinality(p_usage) > 0 THEN
        INSERT INTO udi.usage_delta (lane, version, hospitals, departments, items, months, quantities, amounts, recorded_at)
        SELECT lane, version, hospitals, departments, items, months, quantities, amounts, recorded_at FROM unnest(p_usage);
    END IF;
    IF cardinality(p_readings) > 0 THEN
        INSERT INTO udi.reading (position_id, record_offset, n, number, as_read, possible, issuer, di, lot, serial, expiry, production)
        SELECT position_id, record_offset, r.n, number, as_read, possible, issuer, di, lot, serial, expiry, production FROM unnest(p_readings) r;
    END IF;
    IF cardinality(p_pairs) > 0 THEN
        INSERT INTO udi.pair (position_id, record_offset, n, rest_position, rest_offset)
        SELECT position_id, record_offset, r.n, rest_position, rest_offset FROM unnest(p_pairs) r;
    END IF;
    IF cardinality(p_commands) > 0 THEN
        IF p_commands[1].seq <> l.commands_done + 1 THEN
            RAISE EXCEPTION 'Lane % has carried out %, expected %.', p_lane, l.commands_done, p_commands[1].seq - 1 USING ERRCODE = 'UD003';
        END IF;
        INSERT INTO udi.command_outcome (lane, seq, done, detail)
        SELECT lane, seq, done, detail FROM unnest(p_commands);
    END IF;
    IF cardinality(p_cases) > 0 THEN
        PERFORM udi.mark_cases(c.hospitals, c.encounters, c.recorded_at) FROM unnest(p_cases) c;
    END IF;
    FOREACH block IN ARRAY p_outbox LOOP
        n := cardinality(block.ids);
        CASE block.topic
            WHEN 'billing' THEN firsts := firsts || l.billing_seq + 1; l.billing_seq := l.billing_seq + n;
            WHEN 'verdicts' THEN firsts := firsts || l.verdicts_seq + 1; l.verdicts_seq := l.verdicts_seq + n;
            WHEN 'settlement' THEN firsts := firsts || l.settlement_seq + 1; l.settlement_seq := l.settlement_seq + n;
            WHEN 'dead-letters' THEN firsts := firsts || l.dead_letters_seq + 1; l.dead_letters_seq := l.dead_letters_seq + n;
        END CASE;
    END LOOP;
    IF cardinality(p_outbox) > 0 THEN
        INSERT INTO udi.outbox_block (topic, partition, first_seq, last_seq, ids, keys, bodies, reasons, origins, arrived_at)
        SELECT topic, p_lane, firsts[ordinality], firsts[ordinality] + cardinality(ids) - 1, ids, keys, bodies, reasons, origins, arrived_at
        FROM unnest(p_outbox) WITH ORDINALITY;
    END IF;
    PERFORM udi.chain_batch_3(before_head, p_lane, p_version + 1, p_position, p_lo, p_hi, now_locked, p_scans, p_decisions, p_ledger, p_settlement, p_waste, p_raw, p_overrides);
    UPDATE udi.position SET next_offset = p_hi, last_hash = coalesce(p_last_hash, last_hash) WHERE position_id = p_position;
    UPDATE udi.lane SET version = p_version + 1, facts_seen = greatest(facts_seen, p_facts_seen),
        billing_seq = l.billing_seq, verdicts_seq = l.verdicts_seq, settlement_seq = l.settlement_seq, dead_letters_seq = l.dead_letters_seq,
        commands_done = commands_done + cardinality(p_commands)
    WHERE lane = p_lane;
    RETURN p_version + 1;
END $$;
COMMENT ON FUNCTION udi.record_4 IS 'Records one batch of a lane in one transaction and returns the lane''s new version. Scans come without their raw bytes, which are stored apart.';

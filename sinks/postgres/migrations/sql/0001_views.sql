-- What outsiders read: auditors, BI tools, the black-box checker. Columns are stable; see docs/contract.md.
CREATE SCHEMA report;
COMMENT ON SCHEMA report IS 'Stable read views. Money in yuan, months as text 2022-06, quantities in units of use.';

CREATE FUNCTION udi.month_text(month integer) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    lpad((month / 100)::text, 4, '0') || '-' || lpad((month % 100)::text, 2, '0');
CREATE FUNCTION udi.yuan(fen bigint) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (fen / 100.0)::numeric(18, 2);
CREATE FUNCTION udi.yuan_price(price bigint) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (price / 10000.0)::numeric(18, 4);
CREATE FUNCTION udi.place_from(action udi.action, store text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE action WHEN 'receive' THEN 'supplier' WHEN 'return' THEN 'patient' ELSE store END;
CREATE FUNCTION udi.place_to(action udi.action, store text, to_store text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE action WHEN 'use' THEN 'patient' WHEN 'transfer' THEN to_store WHEN 'opened' THEN 'waste' WHEN 'waste' THEN 'waste' ELSE store END;

CREATE FUNCTION udi.flag_reasons() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    ARRAY['lot-uncertain', 'after-discharge', 'late', 'serial-missing', 'lot-missing', 'stock-negative', 'period-closed', 'licence-expired', 'released', 'overridden', 'breaker-trial', 're-rated'];
COMMENT ON FUNCTION udi.flag_reasons IS 'Reasons that decide nothing (models.reasons.REASONS, without a verdict).';
CREATE FUNCTION udi.deciding_reason(reasons text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    coalesce((SELECT reason FROM unnest(reasons) WITH ORDINALITY r (reason, place) WHERE reason <> ALL (udi.flag_reasons()) ORDER BY place LIMIT 1), reasons[1]);
COMMENT ON FUNCTION udi.deciding_reason IS 'The reason that decides the verdict: the first that is no flag (models.reasons.deciding_reason).';

CREATE VIEW udi.scan_now AS
SELECT s.position_id, s.record_offset, s.lane, s.recorded_at, s.hospital, s.scan_id, s.device_id, s.boot, s.sequence, s.scanned_at, s.action,
       s.entry, s.quantity, s.store, s.to_store, s.department, s.encounter, s.operation, s.team, s.staff, s.corrects,
       coalesce(d.issuer, s.issuer) AS issuer,
       CASE WHEN d.issuer IS NULL THEN s.di ELSE d.di END AS di,
       CASE WHEN d.issuer IS NULL THEN s.lot ELSE d.lot END AS lot,
       CASE WHEN d.issuer IS NULL THEN s.serial ELSE d.serial END AS serial,
       CASE WHEN d.issuer IS NULL THEN s.expiry ELSE d.expiry END AS expiry,
       CASE WHEN d.issuer IS NULL THEN s.production ELSE d.production END AS production,
       coalesce(d.item_code, s.item_code) AS item_code, coalesce(d.units, s.units) AS units,
       coalesce(d.verdict, s.verdict) AS verdict, coalesce(d.reasons, s.reasons) AS reasons,
       coalesce(d.n, 0) AS decisions, coalesce(d.decided_at, s.recorded_at) AS decided_at,
       CASE WHEN d.issuer IS NULL THEN s.label_flags ELSE d.label_flags END AS label_flags, s.document, s.place
FROM udi.scan s
LEFT JOIN LATERAL (
    SELECT * FROM udi.decision d WHERE (d.position_id, d.record_offset) = (s.position_id, s.record_offset) ORDER BY d.n DESC LIMIT 1
) d ON true;
COMMENT ON VIEW udi.scan_now IS 'Each recorded offset with its newest decision and its label as completed.';

CREATE VIEW report.positions AS
SELECT cluster_id, topic, partition, next_offset FROM udi.position;

CREATE VIEW report.verdicts AS
SELECT s.hospital, p.cluster_id, p.topic, p.partition, s.record_offset, s.scan_id, s.verdict::text AS verdict, s.reasons, s.recorded_at AS decided_at
FROM udi.scan s JOIN udi.position p USING (position_id);

CREATE VIEW report.scans AS
SELECT n.hospital, n.scan_id, n.device_id, n.scanned_at, n.action::text AS action, n.store, n.to_store, n.department, n.encounter, n.operation, n.team,
       n.staff, n.issuer, n.di, n.lot, n.serial, n.expiry, n.production, n.item_code, n.units AS quantity, n.verdict::text AS verdict, n.reasons,
       n.recorded_at, n.decided_at, n.label_flags, n.document, n.place
FROM udi.scan_now n
JOIN udi.scan_claim c ON (c.hospital, c.scan_id, c.position_id, c.record_offset) = (n.hospital, n.scan_id, n.position_id, n.record_offset);

CREATE VIEW report.charges AS
SELECT l.hospital, l.billing_id, l.kind::text AS kind, charge.billing_id AS reverses, l.credit_number, n.scan_id, l.encounter, l.department, l.team,
       l.item_code, l.insurance_code, n.issuer, n.di, n.lot, n.serial, l.quantity, udi.yuan_price(l.unit_price) AS unit_price,
       udi.yuan(l.amount_fen) AS amount, 'CNY' AS currency, l.price_version, n.scanned_at AS service_at, l.posted_at,
       udi.month_text(l.period) AS period, l.flags
FROM udi.ledger l
JOIN udi.scan_now n USING (position_id, record_offset)
LEFT JOIN udi.ledger charge ON (charge.position_id, charge.record_offset, charge.n) = (l.charge_position, l.charge_offset, l.charge_n);

CREATE VIEW report.outbox AS
SELECT i.topic_prefix || b.topic AS topic, b.partition, b.first_seq + one.place - 1 AS seq, one.id, one.key, one.body, b.written_at,
       split_part(convert_from(one.key, 'UTF8'), '/', 1) AS hospital
FROM udi.outbox_block b
CROSS JOIN udi.installation i
CROSS JOIN LATERAL unnest(b.ids, b.keys, b.bodies) WITH ORDINALITY one (id, key, body, place)
WHERE b.topic <> 'dead-letters'
UNION ALL
SELECT i.topic_prefix || b.topic, b.partition, b.first_seq + one.place - 1, one.id, one.key, one.body, b.written_at, NULL
FROM udi.outbox_block b
CROSS JOIN udi.installation i
CROSS JOIN LATERAL unnest(b.ids, b.keys, b.bodies) WITH ORDINALITY one (id, key, body, place)
WHERE b.topic = 'dead-letters';

CREATE VIEW report.stock AS
SELECT hospital, store, owner, item_code, min(issuer) AS issuer, min(di) AS di, nullif(lot, '') AS lot, nullif(serial, '') AS serial,
       max(expiry) AS expiry, sum(quantity)::bigint AS quantity
FROM udi.balance GROUP BY hospital, store, owner, item_code, lot, serial;

CREATE VIEW report.stock_moves AS
SELECT moved.hospital, md5(concat_ws('/', moved.hospital, moved.scan_id, moved.n, 'move'))::uuid AS move_id, moved.scan_id,
       CASE WHEN takes_back THEN udi.place_to(moved.action, moved.store, moved.to_store) ELSE udi.place_from(moved.action, moved.store) END AS from_place,
       CASE WHEN takes_back THEN udi.place_from(moved.action, moved.store) ELSE udi.place_to(moved.action, moved.store, moved.to_store) END AS to_place,
       moved.owner, moved.item_code, moved.issuer, moved.di, moved.lot, moved.serial, moved.units::bigint AS quantity, moved.scanned_at AS moved_at
FROM (
    SELECT hospital, scan_id, 0 AS n, action, store, to_store, owner, item_code, issuer, di, lot, serial, units, scanned_at, false AS takes_back
    FROM udi.scan WHERE owner IS NOT NULL
    UNION ALL
    SELECT s.hospital, s.scan_id, d.n, s.action, s.store, s.to_store, d.owner, d.item_code,
           coalesce(d.issuer, s.issuer), CASE WHEN d.issuer IS NULL THEN s.di ELSE d.di END, CASE WHEN d.issuer IS NULL THEN s.lot ELSE d.lot END,
           CASE WHEN d.issuer IS NULL THEN s.serial ELSE d.serial END, d.units, s.scanned_at,
           d.takes_back
    FROM udi.decision d JOIN udi.scan s USING (position_id, record_offset) WHERE d.owner IS NOT NULL
) moved;

CREATE VIEW report.parked AS
SELECT s.hospital, s.scan_id, n.issuer, n.di, n.item_code, parked.reason, parked.parked_at, freed.resolved_at, charge.billing_id
FROM (
    SELECT DISTINCT ON (position_id, record_offset) position_id, record_offset, reason, parked_at, n
    FROM (
        SELECT position_id, record_offset, 0 AS n, udi.deciding_reason(reasons) AS reason, recorded_at AS parked_at FROM udi.scan WHERE verdict = 'parked'
        UNION ALL
        SELECT position_id, record_offset, n, udi.deciding_reason(reasons), decided_at FROM udi.decision WHERE verdict = 'parked'
    ) every_time ORDER BY position_id, record_offset, n
) parked
JOIN udi.scan s USING (position_id, record_offset)
JOIN udi.scan_now n USING (position_id, record_offset)
LEFT JOIN LATERAL (
    SELECT d.decided_at AS resolved_at FROM udi.decision d
    WHERE (d.position_id, d.record_offset) = (parked.position_id, parked.record_offset) AND d.n > parked.n AND d.verdict <> 'parked'
    ORDER BY d.n LIMIT 1
) freed ON true
LEFT JOIN LATERAL (
    SELECT l.billing_id FROM udi.ledger l
    WHERE (l.position_id, l.record_offset) = (parked.position_id, parked.record_offset) ORDER BY l.n LIMIT 1
) charge ON true;

CREATE VIEW udi.usage_now AS
SELECT hospital, scope_type, scope, item_code, month, sum(quantity)::bigint AS quantity, sum(amount_fen)::bigint AS amount_fen
FROM (
    SELECT hospital, scope_type, scope, item_code, month, quantity, amount_fen FROM udi.usage_month
    UNION ALL
    SELECT one.hospital, scoped.scope_type, scoped.scope, one.item_code, one.month, one.quantity, one.amount_fen
    FROM udi.usage_delta
    CROSS JOIN LATERAL unnest(hospitals, departments, items, months, quantities, amounts)
        one (hospital, department, item_code, month, quantity, amount_fen)
    CROSS JOIN LATERAL (VALUES ('hospital', one.hospital), ('department', nullif(one.department, ''))) scoped (scope_type, scope)
    WHERE scoped.scope IS NOT NULL
) every_part GROUP BY hospital, scope_type, scope, item_code, month;

CREATE VIEW report.usage_months AS
SELECT hospital, scope_type, scope, item_code, udi.month_text(month) AS month, quantity, udi.yuan(amount_fen) AS amount
FROM udi.usage_now WHERE quantity <> 0 OR amount_fen <> 0;

CREATE VIEW report.alerts AS
SELECT hospital, alert_id, version, CASE WHEN version > 1 THEN version - 1 END AS supersedes, scope_type, scope, rule, item_code,
       udi.month_text(month) AS month, provisional, measure,
       CASE measure WHEN 'amount' THEN udi.yuan(value) ELSE value END AS value, udi.month_text(base_month) AS base_month,
       CASE measure WHEN 'amount' THEN udi.yuan(base_value) ELSE base_value END AS base_value,
       change_percent, rank, months_in_a_row, cause, status, fired_at
FROM udi.alert;

CREATE VIEW report.untraced AS
SELECT n.hospital, n.scan_id, n.scanned_at, n.item_code, n.issuer, n.di, n.lot, n.serial, n.expiry, n.units - back.units AS quantity, n.encounter,
       n.department, n.store, n.verdict::text AS verdict, n.reasons
FROM (
    SELECT position_id, record_offset FROM udi.scan WHERE reasons && ARRAY['lot-uncertain', 'after-discharge', 'late', 'serial-missing', 'lot-missing', 'stock-negative', 'period-closed', 'licence-expired', 'released', 'overridden', 'breaker-trial', 're-rated']
    UNION
    SELECT position_id, record_offset FROM udi.decision WHERE reasons && ARRAY['serial-missing', 'lot-missing']
) flagged
JOIN udi.scan_now n USING (position_id, record_offset)
CROSS JOIN LATERAL (
    SELECT coalesce(sum(r.units), 0)::integer AS units FROM udi.use_change r
    WHERE (r.use_position, r.use_offset) = (n.position_id, n.record_offset)
) back
WHERE n.reasons && ARRAY['serial-missing', 'lot-missing'] AND n.verdict IN ('billed', 'recorded', 'parked', 'held')
  AND NOT n.reasons && ARRAY['rejected', 'corrected'] AND n.units > back.units;

CREATE VIEW report.hospital_policies AS
SELECT hospital, n, extract(epoch FROM return_clock_tolerance)::integer AS return_clock_seconds, by, reason, at FROM udi.hospital_policy;

CREATE VIEW report.forced_closes AS
SELECT hospital, udi.month_text(month) AS month, by, reason, at FROM udi.forced_close;

CREATE VIEW report.settlement AS
SELECT hospital, line_id, supplier, scan_id, item_code, quantity, udi.yuan_price(cost) AS cost, udi.yuan(amount_fen) AS amount,
       udi.month_text(period) AS period, status, reverses
FROM udi.settlement;

-- Every invariant of the books as one query that gives the rows that break it, and none when it holds; each with a name and its promise.
-- `udi verify` runs them in one snapshot; an auditor may run any of them alone. Nothing here is shared with what writes.

-- check: position-behind-records: every position lies behind what is recorded
SELECT p.topic, p.partition, p.next_offset, max(s.record_offset) AS newest_recorded
FROM udi.position p JOIN udi.scan s USING (position_id)
GROUP BY p.position_id HAVING max(s.record_offset) >= p.next_offset;

-- check: offset-on-its-lane: every recorded offset belongs to a partition, and lies on its lane
SELECT s.position_id, s.record_offset, s.lane, p.partition
FROM udi.scan s LEFT JOIN udi.position p USING (position_id)
WHERE p.position_id IS NULL OR s.lane <> p.partition;

-- check: scan-id-counts-once: a scan id counts once; what repeats it is a duplicate or a conflict
SELECT s.position_id, s.record_offset, s.scan_id, s.verdict, c.record_offset AS counted_at
FROM udi.scan s LEFT JOIN udi.scan_claim c ON (c.hospital, c.scan_id) = (s.hospital, s.scan_id)
WHERE s.verdict <> 'refused'
  AND (c.scan_id IS NULL
       OR ((c.position_id, c.record_offset) = (s.position_id, s.record_offset)) = (s.verdict IN ('duplicate', 'conflict')));

-- check: claim-has-its-scan: every scan id that counts has its scan
SELECT c.hospital, c.scan_id, c.position_id, c.record_offset
FROM udi.scan_claim c LEFT JOIN udi.scan s USING (position_id, record_offset)
WHERE s.scan_id IS DISTINCT FROM c.scan_id OR s.hospital IS DISTINCT FROM c.hospital;

-- check: raw-bytes-kept: raw bytes are kept of every record that had any, but of months that were let go; of what waits in those too
SELECT s.position_id, s.record_offset, s.verdict, s.reasons FROM udi.scan s JOIN udi.raw_bytes b USING (position_id, record_offset)
LEFT JOIN udi.open_scan o USING (position_id, record_offset)
WHERE b.raw IS NULL AND NOT (s.verdict = 'refused' AND s.reasons = ARRAY['not-json']) AND (b.let_go_at IS NULL OR o.since < b.let_go_at);

-- check: decisions-numbered: later decisions of a scan are numbered 1, 2, 3 …
SELECT d.position_id, d.record_offset, array_agg(d.n ORDER BY d.n) AS numbers
FROM udi.decision d LEFT JOIN udi.scan s USING (position_id, record_offset)
GROUP BY d.position_id, d.record_offset
HAVING max(d.n) <> count(*) OR bool_or(s.position_id IS NULL);

-- check: waiting-list: the list of what waits is what waits
SELECT position_id, record_offset, o.verdict AS listed, o.reason AS listed_reason, n.verdict, n.reasons
FROM udi.open_scan o
FULL JOIN (SELECT * FROM udi.scan_now WHERE verdict IN ('waiting', 'parked', 'held')) n USING (position_id, record_offset)
WHERE o.verdict IS DISTINCT FROM n.verdict OR o.reason IS DISTINCT FROM udi.deciding_reason_2(n.reasons) OR o.lane <> n.lane;

-- check: reasons-given: nothing waits or is refused without a reason
SELECT position_id, record_offset, scan_id, verdict FROM udi.scan_now
WHERE verdict IN ('waiting', 'parked', 'held', 'refused', 'duplicate', 'conflict') AND cardinality(reasons) = 0;

-- check: one-charge-of-a-scan: a billed scan has one charge, a credited one credit, any other neither
-- A credit of a scan's own charge takes it back (re-rated, or a person's command): that charge stands no more.
SELECT n.scan_id, n.action, n.verdict, coalesce(l.charges, 0) AS charges, coalesce(l.credits, 0) AS credits
FROM udi.scan_now n
FULL JOIN (
    SELECT position_id, record_offset, count(*) FILTER (WHERE kind = 'charge') - count(*) FILTER (WHERE undone) AS charges,
           count(*) FILTER (WHERE kind = 'credit' AND NOT undone) AS credits
    FROM (
        SELECT *, coalesce((charge_position, charge_offset) = (position_id, record_offset), false) AS undone FROM udi.ledger
    ) entry GROUP BY position_id, record_offset
) l USING (position_id, record_offset)
WHERE n.scan_id IS NULL AND l.charges IS NOT NULL
   OR coalesce(l.charges, 0) <> (n.verdict = 'billed')::int OR coalesce(l.credits, 0) <> (n.verdict = 'credited')::int;

-- check: entry-agrees-with-scan: every entry agrees with its scan, and every charge is its units times its price
SELECT l.billing_id, l.kind, n.scan_id, l.item_code, n.item_code AS scanned_item, l.quantity, n.units, l.unit_price, l.amount_fen
FROM udi.ledger l JOIN udi.scan_now n USING (position_id, record_offset)
LEFT JOIN udi.ledger undone ON (undone.position_id, undone.record_offset) = (l.position_id, l.record_offset)
    AND (undone.charge_position, undone.charge_offset) = (l.position_id, l.record_offset) AND l.n IN (undone.n, undone.charge_n)
WHERE l.hospital <> n.hospital
   OR undone.n IS NULL AND NOT 're-rated' = ANY (l.flags) AND (l.item_code IS DISTINCT FROM n.item_code OR l.quantity IS DISTINCT FROM n.units
        OR n.action <> CASE l.kind WHEN 'charge' THEN 'use'::udi.action ELSE 'return' END)
   OR l.kind = 'charge' AND (l.amount_fen <> round(l.quantity * l.unit_price / 100.0)::bigint OR l.encounter IS DISTINCT FROM n.encounter);

-- check: credits-within-charge: credits stay within their charge, keep its price, are numbered, and end at it to the cent
SELECT c.billing_id AS charge, c.quantity, c.amount_fen, sum(t.quantity) AS credited, sum(t.amount_fen) AS credited_fen, count(*) AS credits
FROM udi.ledger t
LEFT JOIN udi.ledger c ON (c.position_id, c.record_offset, c.n) = (t.charge_position, t.charge_offset, t.charge_n) AND c.kind = 'charge'
WHERE t.kind = 'credit'
GROUP BY t.charge_position, t.charge_offset, t.charge_n, c.billing_id, c.quantity, c.amount_fen, c.hospital, c.item_code, c.unit_price, c.encounter
HAVING c.billing_id IS NULL OR sum(t.quantity) > c.quantity OR sum(t.amount_fen) > c.amount_fen
    OR (sum(t.quantity) = c.quantity) AND sum(t.amount_fen) <> c.amount_fen
    OR count(DISTINCT t.credit_number) <> count(*) OR max(t.credit_number) <> count(*)
    OR bool_or((t.hospital, t.item_code, t.unit_price, t.encounter) IS DISTINCT FROM (c.hospital, c.item_code, c.unit_price, c.encounter));

-- check: credit-follows-return: every credit takes back what its return took back
SELECT t.billing_id, t.quantity, r.units, r.use_position, r.use_offset
FROM udi.ledger t
LEFT JOIN udi.use_change r ON (r.by_position, r.by_offset) = (t.position_id, t.record_offset)
WHERE t.kind = 'credit' AND (t.charge_position, t.charge_offset) <> (t.position_id, t.record_offset)
  AND (r.units IS DISTINCT FROM t.quantity OR (r.use_position, r.use_offset) IS DISTINCT FROM (t.charge_position, t.charge_offset));

-- check: own-charge-taken-back: a scan's own charge was taken back to its end, for another price or because a person commanded it
SELECT t.billing_id, n.scan_id, c.quantity AS charged, t.quantity AS taken_back, anew.quantity AS charged_anew, count(o.seq) AS commands
FROM udi.ledger t
JOIN udi.scan_now n USING (position_id, record_offset)
LEFT JOIN udi.ledger c ON (c.position_id, c.record_offset, c.n) = (t.charge_position, t.charge_offset, t.charge_n)
LEFT JOIN udi.pair p ON (p.position_id, p.record_offset) = (t.position_id, t.record_offset)
LEFT JOIN udi.scan rest ON (rest.position_id, rest.record_offset) = (p.rest_position, p.rest_offset)
LEFT JOIN udi.command k ON k.hospital = n.hospital AND k.scan_id IN (n.scan_id, rest.scan_id)
LEFT JOIN udi.command_outcome o ON (o.lane, o.seq) = (k.lane, k.seq) AND o.done
LEFT JOIN udi.ledger anew ON (anew.position_id, anew.record_offset, anew.n) = (t.position_id, t.record_offset, t.n + 1) AND anew.kind = 'charge'
CROSS JOIN LATERAL (
    SELECT sum(every.quantity) AS quantity FROM udi.ledger every
    WHERE every.kind = 'credit' AND (every.charge_position, every.charge_offset, every.charge_n) = (t.charge_position, t.charge_offset, t.charge_n)
) credited
WHERE t.kind = 'credit' AND (t.charge_position, t.charge_offset) = (t.position_id, t.record_offset)
GROUP BY t.billing_id, n.scan_id, c.quantity, t.quantity, t.flags, t.unit_price, credited.quantity, anew.quantity, anew.unit_price
HAVING c.quantity IS DISTINCT FROM credited.quantity
    OR CASE WHEN 're-rated' = ANY (t.flags) THEN anew.quantity IS DISTINCT FROM t.quantity OR anew.unit_price = t.unit_price ELSE count(o.seq) = 0 END;

-- check: commands-in-order: commands are numbered without a gap, and those carried out are the first of their lane
SELECT l.lane, l.commands_done, count(o.seq) AS outcomes, max(c.seq) AS newest, count(c.seq) AS commands
FROM udi.lane l LEFT JOIN udi.command c USING (lane) LEFT JOIN udi.command_outcome o USING (lane, seq)
GROUP BY l.lane, l.commands_done
HAVING count(o.seq) <> l.commands_done OR coalesce(max(o.seq), 0) <> l.commands_done OR coalesce(max(c.seq), 0) <> count(c.seq);

-- check: returns-within-use: returns of a use are numbered, never exceed it, and stand for one return each
SELECT r.use_position, r.use_offset, u.scan_id AS use, u.units, sum(r.units) AS returned, count(*) AS returns
FROM udi.use_change r
LEFT JOIN udi.scan_now u ON (u.position_id, u.record_offset) = (r.use_position, r.use_offset)
LEFT JOIN udi.scan_now b ON (b.position_id, b.record_offset) = (r.by_position, r.by_offset)
GROUP BY r.use_position, r.use_offset, u.scan_id, u.units, u.action
HAVING u.action IS DISTINCT FROM 'use' OR sum(r.units) > u.units OR max(r.n) <> count(*)
    OR bool_or(r.units > 0 AND (b.action IS DISTINCT FROM 'return' OR b.units IS DISTINCT FROM r.units OR b.verdict NOT IN ('credited', 'recorded')));

-- check: changes-of-a-use: a use has changed itself as often as its own charges were credited, its cost was told, it got another lot, or a person took it back
-- A price and a cost that came together are one change.
SELECT n.scan_id, count(r.n) AS changes, max(own.credits) AS credits, max(told.times) AS cost_told, max(taken.times) AS taken_back, max(lot.times) AS identified
FROM udi.use_change r
JOIN udi.scan_now n ON (n.position_id, n.record_offset) = (r.use_position, r.use_offset)
CROSS JOIN LATERAL (
    SELECT count(*) AS credits FROM udi.ledger l
    WHERE l.kind = 'credit' AND (l.position_id, l.record_offset) = (r.use_position, r.use_offset)
) own
CROSS JOIN LATERAL (
    SELECT count(*) AS times FROM udi.command k JOIN udi.command_outcome o USING (lane, seq)
    LEFT JOIN udi.pair p ON (p.position_id, p.record_offset) = (r.use_position, r.use_offset)
    LEFT JOIN udi.scan rest ON (rest.position_id, rest.record_offset) = (p.rest_position, p.rest_offset)
    WHERE o.done AND k.kind IN ('undo-pair', 'reject', 'correct') AND k.hospital = n.hospital AND k.scan_id IN (n.scan_id, rest.scan_id)
) taken
CROSS JOIN LATERAL (
    SELECT count(*) AS times FROM udi.decision back JOIN udi.decision moved USING (position_id, record_offset)
    WHERE (back.position_id, back.record_offset) = (r.use_position, r.use_offset)
      AND back.takes_back AND moved.n = back.n + 1 AND moved.owner IS NOT NULL AND NOT moved.takes_back
) lot
CROSS JOIN LATERAL (
    SELECT count(*) AS times FROM udi.cost_told k
    WHERE (k.position_id, k.record_offset) = (r.use_position, r.use_offset) AND NOT EXISTS (
        SELECT FROM udi.ledger l WHERE l.kind = 'credit' AND (l.position_id, l.record_offset, l.recorded_at) = (k.position_id, k.record_offset, k.recorded_at)
    )
) told
CROSS JOIN LATERAL (SELECT own.credits + told.times + lot.times AS times) known
WHERE r.units = 0
GROUP BY r.use_position, r.use_offset, n.scan_id HAVING count(DISTINCT r.n) NOT BETWEEN max(known.times) AND max(known.times) + max(taken.times);

-- check: waste-has-its-cost: what was opened and not used, or thrown away, has cost its department units times the cost of the day
SELECT n.scan_id, n.action, n.item_code, n.units, w.units AS counted, w.cost, w.amount_fen
FROM (SELECT * FROM udi.scan_now WHERE action IN ('opened', 'waste') AND verdict = 'recorded' AND NOT reasons && ARRAY['half-label', 'rejected', 'corrected']) n
FULL JOIN udi.waste_cost w USING (position_id, record_offset)
WHERE (w.item_code, w.units, w.action) IS DISTINCT FROM (n.item_code, n.units, n.action) OR w.amount_fen <> round(w.units * w.cost / 100.0)::bigint;

-- check: return-has-its-use: every return that stands has taken back from one use
SELECT n.scan_id, n.verdict, count(r.n) AS uses
FROM udi.scan_now n
LEFT JOIN udi.use_change r ON (r.by_position, r.by_offset) = (n.position_id, n.record_offset)
WHERE n.action = 'return' AND n.verdict IN ('credited', 'recorded') AND NOT n.reasons && ARRAY['half-label', 'rejected', 'corrected']
GROUP BY n.position_id, n.record_offset, n.scan_id, n.verdict HAVING count(r.n) <> 1;

-- check: return-after-use: a return takes back a use at or before it, within the largest tolerance of clocks its hospital has had
SELECT r.scan_id, r.scanned_at AS returned_at, u.scan_id AS use, u.scanned_at AS used_at
FROM udi.use_change t
JOIN udi.scan_now u ON (u.position_id, u.record_offset) = (t.use_position, t.use_offset)
JOIN udi.scan_now r ON (r.position_id, r.record_offset) = (t.by_position, t.by_offset)
WHERE r.action = 'return' AND u.scanned_at > r.scanned_at + greatest(
    interval '5 minutes', (SELECT max(p.return_clock_tolerance) FROM udi.hospital_policy p WHERE p.hospital = u.hospital)
);

-- check: unit-used-once: a unit in use is held by one use of it
SELECT c.hospital, c.issuer, c.di, c.serial, n.scan_id, n.action, n.verdict
FROM udi.unit_claim c LEFT JOIN udi.scan_now n USING (position_id, record_offset)
WHERE n.action IS DISTINCT FROM 'use' OR n.verdict IN ('duplicate', 'conflict', 'refused')
   OR (n.hospital, n.issuer, n.di, n.serial) IS DISTINCT FROM (c.hospital, c.issuer, c.di, c.serial);

-- check: use-holds-its-unit: a use that stands holds its unit until all of it is returned
SELECT position_id, record_offset, max(scan_id::text) AS scan_id, max(units) AS units, sum(returned) AS returned, sum(held) AS held
FROM (
    SELECT position_id, record_offset, scan_id, units, 0 AS held, 0 AS returned FROM udi.scan_now
    WHERE action = 'use' AND verdict IN ('billed', 'recorded') AND serial IS NOT NULL AND di IS NOT NULL
      AND NOT reasons && ARRAY['half-label', 'rejected', 'corrected', 'released']
    UNION ALL
    SELECT position_id, record_offset, NULL, NULL, 1, 0 FROM udi.unit_claim
    UNION ALL
    SELECT use_position, use_offset, NULL, NULL, 0, units FROM udi.use_change
) every_side
GROUP BY position_id, record_offset
HAVING max(scan_id::text) IS NOT NULL AND (sum(held) = 0) <> (sum(returned) >= max(units));

-- check: nothing-after-the-close: nothing was posted to a month after its close, by the broker's time of what caused it
SELECT l.billing_id, l.kind, l.period, l.posted_at, c.closed_at
FROM udi.ledger l JOIN udi.period_close c ON (c.hospital, c.month) = (l.hospital, l.period)
WHERE l.posted_at > c.closed_at;

-- check: entry-in-its-month: an entry lies in its service month, or is flagged period-closed and lies in a later one
SELECT l.billing_id, l.kind, l.period, service.month AS service_month, l.flags, p.closed_through
FROM udi.ledger l
JOIN udi.scan s USING (position_id, record_offset)
CROSS JOIN udi.installation i
CROSS JOIN LATERAL (SELECT to_char(s.scanned_at AT TIME ZONE i.zone, 'YYYYMM')::int AS month) service
LEFT JOIN udi.period p ON p.hospital = l.hospital
WHERE CASE WHEN 'period-closed' = ANY (l.flags) THEN l.period <= service.month OR coalesce(p.closed_through, 0) < service.month
           ELSE l.period <> service.month END;

-- check: months-closed-in-order: closed months follow each other without a gap
SELECT c.hospital, array_agg(c.month ORDER BY c.month) AS closed, p.closed_through
FROM udi.period_close c FULL JOIN udi.period p USING (hospital)
GROUP BY c.hospital, p.hospital, p.closed_through
HAVING max(c.month) IS DISTINCT FROM p.closed_through
    OR count(*) <> (max(c.month) / 100 * 12 + max(c.month) % 100) - (min(c.month) / 100 * 12 + min(c.month) % 100) + 1;

-- check: balances-are-moves: balances are the sum of the moves
SELECT hospital, store, owner, item_code, lot, serial, b.quantity AS balance, m.quantity AS moved
FROM (
    SELECT hospital, store, owner, item_code, coalesce(lot, '') AS lot, coalesce(serial, '') AS serial, sum(quantity) AS quantity
    FROM report.stock GROUP BY 1, 2, 3, 4, 5, 6
) b
FULL JOIN (
    SELECT hospital, place AS store, owner, item_code, coalesce(lot, '') AS lot, coalesce(serial, '') AS serial, sum(units) AS quantity
    FROM report.stock_moves CROSS JOIN LATERAL (VALUES (from_place, -quantity), (to_place, quantity)) one (place, units)
    WHERE place NOT IN ('supplier', 'patient', 'waste', 'adjustment') GROUP BY 1, 2, 3, 4, 5, 6
) m USING (hospital, store, owner, item_code, lot, serial)
WHERE b.quantity IS DISTINCT FROM m.quantity;

-- check: store-totals-are-balances: what is left of an item in a store is the sum of its balances, in every lane
SELECT hospital, store, item_code, lane, s.quantity AS told, b.quantity AS balances
FROM udi.store_item s
FULL JOIN (SELECT hospital, store, item_code, lane, sum(quantity) AS quantity FROM udi.balance GROUP BY 1, 2, 3, 4) b
    USING (hospital, store, item_code, lane)
WHERE s.quantity IS DISTINCT FROM b.quantity;

-- check: unit-in-one-place: a unit with a serial is in one place, in the house at most once, and as far as its moves say
SELECT hospital, issuer, di, serial, u.place, u.booked, m.moves
FROM udi.unit_place u
FULL JOIN (
    SELECT hospital, issuer, di, serial, count(*) AS moves, array_agg(DISTINCT to_place) AS places
    FROM udi.stock_move WHERE serial IS NOT NULL AND di IS NOT NULL GROUP BY 1, 2, 3, 4
) m USING (hospital, issuer, di, serial)
WHERE u.booked > 1 OR u.place IS NULL OR m.moves IS NULL OR u.place <> ALL (m.places);

-- check: set-is-its-balance: what lacks of a supplier's set is what lies in it
SELECT hospital, document, item_code, lot, serial, s.lacking, b.quantity AS balance
FROM (
    SELECT hospital, document, item_code, coalesce(lot, '') AS lot, coalesce(serial, '') AS serial, sum(lacking) AS lacking
    FROM report.loan_sets WHERE item_code IS NOT NULL GROUP BY 1, 2, 3, 4, 5
) s
FULL JOIN (
    SELECT hospital, substr(store, length('set/') + 1) AS document, item_code, lot, serial, sum(quantity) AS quantity
    FROM udi.balance WHERE store LIKE 'set/%' GROUP BY 1, 2, 3, 4, 5
) b USING (hospital, document, item_code, lot, serial)
WHERE coalesce(s.lacking, 0) <> coalesce(b.quantity, 0);

-- check: goods-moved-once: goods of a scan that stands have moved once; of no scan twice, but for what went back
SELECT n.scan_id, n.action, n.verdict, moved.times
FROM udi.scan_now n
CROSS JOIN LATERAL (
    SELECT coalesce(sum(way), 0) AS times FROM (
        -- What comes out of quarantine before it is sent back has a move of its own, and leaves with the others.
        SELECT s.owner, CASE WHEN s.action = 'send-back' AND s.to_place <> 'supplier' THEN 0 ELSE 1 END AS way FROM udi.scan s WHERE (s.position_id, s.record_offset) = (n.position_id, n.record_offset)
        UNION ALL
        SELECT d.owner, CASE WHEN n.action = 'send-back' AND 'supplier' NOT IN (d.from_place, d.to_place) THEN 0 WHEN d.takes_back THEN -1 ELSE 1 END
        FROM udi.decision d WHERE (d.position_id, d.record_offset) = (n.position_id, n.record_offset)
    ) every_decision WHERE owner IS NOT NULL
) moved
WHERE moved.times NOT IN (0, 1)
   OR moved.times = 0 AND n.verdict IN ('billed', 'credited', 'recorded') AND n.action NOT IN ('count', 'identify')
        AND NOT n.reasons && ARRAY['half-label', 'rejected', 'corrected']
   OR moved.times = 1 AND n.reasons && ARRAY['rejected', 'corrected']
   OR moved.times = 1 AND n.verdict IN ('duplicate', 'conflict', 'refused');

-- check: adjustment-has-its-line: every move from or to the place adjustment books a line of a posted count, as the line says
SELECT m.scan_id, m.action, m.from_place, m.to_place, m.item_code, m.units, l.document, l.line
FROM udi.stock_move m
LEFT JOIN udi.count_line l ON (l.hospital, l.scan_id) = (m.hospital, m.scan_id)
LEFT JOIN udi.stock_count c ON (c.hospital, c.document) = (l.hospital, l.document)
CROSS JOIN LATERAL (SELECT concat_ws('/', c.store, c.place) AS shelf) counted
-- What a patient got is recorded also where its scan names that place as its store.
WHERE 'adjustment' IN (m.from_place, m.to_place) AND m.action NOT IN ('use', 'return')
  AND (m.item_code, m.owner, coalesce(m.lot, ''), coalesce(m.serial, ''), m.units, m.cost, m.moved_at, m.from_place, m.to_place)
      IS DISTINCT FROM (l.item_code, l.owner, l.lot, l.serial, l.units, l.cost, l.counted_at,
                        CASE l.action WHEN 'found' THEN 'adjustment' ELSE counted.shelf END, CASE l.action WHEN 'found' THEN counted.shelf ELSE 'adjustment' END);

-- check: count-is-booked: of a count that is booked every difference has moved its goods
SELECT l.document, l.line, l.item_code, l.action, l.units
FROM udi.count_booked b
JOIN udi.count_line l USING (hospital, document)
LEFT JOIN udi.scan_claim k ON (k.hospital, k.scan_id) = (l.hospital, l.scan_id)
LEFT JOIN udi.scan s ON (s.position_id, s.record_offset) = (k.position_id, k.record_offset)
WHERE l.scan_id IS NOT NULL AND s.owner IS NULL;

-- check: gone-follows-from-reads: what has left a cabinet follows from its reads
SELECT hospital, store, place, read_at, issuer, di, serial, due.seen_at AS expected, g.seen_at
FROM (
    SELECT r.hospital, r.store, r.place, r.read_at, r.fingerprint, u.issuer, u.di, u.serial, r.before_at AS seen_at
    FROM (
        SELECT c.*, lag(c.read_at) OVER reads AS before_at, lag(c.issuers) OVER reads AS had_issuers, lag(c.dis) OVER reads AS had_dis,
               lag(c.serials) OVER reads AS had_serials
        FROM udi.cabinet_read c WINDOW reads AS (
            PARTITION BY c.hospital, c.store, c.place ORDER BY c.read_at, c.recorded_at, udi.offset_of(c.origin), c.fingerprint
        )
    ) r
    CROSS JOIN LATERAL (
        SELECT * FROM unnest(r.had_issuers, r.had_dis, r.had_serials) EXCEPT SELECT * FROM unnest(r.issuers, r.dis, r.serials)
    ) u (issuer, di, serial)
) due
FULL JOIN udi.cabinet_gone g USING (hospital, store, place, read_at, fingerprint, issuer, di, serial)
WHERE due.seen_at IS DISTINCT FROM g.seen_at;

-- check: whole-packages: units of use are whole packages of what was scanned
SELECT scan_id, action, quantity, units FROM udi.scan_now WHERE units <= 0 OR units % quantity <> 0;

-- check: use-has-its-payable: every use of a supplier's goods that moved has its payable line, every return of them its reversal; another lot of the same owner neither
-- A cost that was told later has moved nothing: its reversal and its line are left out.
SELECT m.scan_id, m.owner, m.units, m.from_place, count(DISTINCT m.n) AS moves, count(DISTINCT t.line_id) AS lines
FROM udi.stock_move m
LEFT JOIN udi.settlement t ON (t.hospital, t.scan_id, t.supplier, t.item_code, t.quantity) = (m.hospital, m.scan_id, m.owner, m.item_code, m.units)
    AND (t.status = 'reversal') = (m.from_place = 'patient')
    AND NOT EXISTS (
        SELECT FROM udi.cost_told k WHERE (k.position_id, k.record_offset) = (t.position_id, t.record_offset) AND t.n IN (k.reversal_n, k.payable_n)
    )
WHERE m.owner <> 'hospital' AND 'patient' IN (m.from_place, m.to_place) AND NOT EXISTS (
    SELECT FROM udi.decision d WHERE (d.position_id, d.record_offset) = (m.position_id, m.record_offset) AND d.owner = m.owner
      AND CASE WHEN m.takes_back THEN d.n = m.n + 1 AND NOT d.takes_back ELSE d.n = m.n - 1 AND d.takes_back END
)
GROUP BY m.hospital, m.scan_id, m.owner, m.item_code, m.units, m.from_place HAVING count(DISTINCT m.n) <> count(DISTINCT t.line_id);

-- check: payable-has-its-move: every payable line has its move, and reversals stay within their line
SELECT t.line_id, t.scan_id, t.status, t.quantity, back.quantity AS reversed, t.amount_fen, back.amount_fen AS reversed_fen
FROM udi.settlement t
LEFT JOIN report.stock_moves m ON (m.hospital, m.scan_id, m.owner) = (t.hospital, t.scan_id, t.supplier)
LEFT JOIN udi.settlement line ON line.line_id = t.reverses
LEFT JOIN (SELECT reverses, sum(quantity) AS quantity, coalesce(sum(amount_fen), 0) AS amount_fen FROM udi.settlement WHERE reverses IS NOT NULL GROUP BY 1) back
    ON back.reverses = t.line_id AND t.status <> 'reversal'
WHERE m.move_id IS NULL OR back.quantity > t.quantity OR back.amount_fen > coalesce(t.amount_fen, 0)
   OR back.quantity = t.quantity AND back.amount_fen <> coalesce(t.amount_fen, 0)
   OR (t.status = 'reversal') <> (t.reverses IS NOT NULL) OR t.status = 'reversal' AND line.line_id IS NULL
   OR (t.status = 'cost-missing') AND t.amount_fen IS NOT NULL;

-- check: usage-recounted: usage is the recount of the ledger and of recorded uses at the catalogue price
-- A recorded use counts at the price known when it was decided, and parts of it that are returned are differences of running totals;
-- where versions of the item differ for that day, any of them will do.
WITH free AS MATERIALIZED (
    SELECT n.hospital, coalesce(n.department, home.department) AS department, home.departments, n.item_code, n.scanned_at, n.units, 0::bigint AS before, 1 AS sign
    FROM udi.scan_now n
    LEFT JOIN LATERAL (
        SELECT (array_agg(e.department ORDER BY e.version DESC))[1] AS department, count(DISTINCT coalesce(e.department, '')) AS departments
        FROM udi.encounter e WHERE n.department IS NULL AND (e.hospital, e.encounter) = (n.hospital, n.encounter)
    ) home ON true
    WHERE n.action = 'use' AND n.verdict = 'recorded' AND NOT n.reasons && ARRAY['half-label', 'rejected', 'corrected']
    UNION ALL
    SELECT u.hospital, coalesce(u.department, home.department), home.departments, u.item_code, u.scanned_at, r.units,
           sum(r.units) OVER (PARTITION BY r.use_position, r.use_offset ORDER BY r.n) - r.units, -1
    FROM udi.use_change r
    JOIN udi.scan_now u ON (u.position_id, u.record_offset) = (r.use_position, r.use_offset) AND u.verdict = 'recorded'
    LEFT JOIN LATERAL (
        SELECT (array_agg(e.department ORDER BY e.version DESC))[1] AS department, count(DISTINCT coalesce(e.department, '')) AS departments
        FROM udi.encounter e WHERE u.department IS NULL AND (e.hospital, e.encounter) = (u.hospital, u.encounter)
    ) home ON true
), prices AS MATERIALIZED (
    SELECT c.hospital, c.item_code, c.version, (p ->> 'price')::numeric AS price, (p ->> 'from')::date AS from_on, (p ->> 'to')::date AS to_on
    FROM udi.catalogue c
    LEFT JOIN LATERAL jsonb_array_elements(coalesce(convert_from(c.body, 'UTF8')::jsonb -> 'prices', '[]')) p ON true
    WHERE (c.hospital, c.item_code) IN (SELECT f.hospital, f.item_code FROM free f)
), parts AS (
    SELECT l.hospital, l.department, 1::bigint AS departments, l.item_code, to_char(coalesce(u.scanned_at, s.scanned_at) AT TIME ZONE i.zone, 'YYYYMM')::int AS month,
           signed.sign * l.quantity AS quantity, signed.sign * l.amount_fen AS low, signed.sign * l.amount_fen AS high
    FROM udi.ledger l
    JOIN udi.scan s USING (position_id, record_offset)
    LEFT JOIN udi.scan u ON (u.position_id, u.record_offset) = (l.charge_position, l.charge_offset)
    CROSS JOIN udi.installation i
    CROSS JOIN LATERAL (SELECT CASE l.kind WHEN 'charge' THEN 1 ELSE -1 END AS sign) signed
    UNION ALL
    SELECT f.hospital, f.department, f.departments, f.item_code, to_char(f.scanned_at AT TIME ZONE i.zone, 'YYYYMM')::int,
           f.sign * f.units, min(f.sign * v.fen), max(f.sign * v.fen)
    FROM (SELECT row_number() OVER () AS place, * FROM free) f
    CROSS JOIN udi.installation i
    LEFT JOIN LATERAL (
        SELECT CASE count(in_force.price) WHEN 1 THEN (round((f.before + f.units) * max(in_force.price) * 100) - round(f.before * max(in_force.price) * 100))::bigint ELSE 0 END AS fen
        FROM prices p
        CROSS JOIN LATERAL (SELECT p.price WHERE p.price IS NOT NULL AND coalesce(p.from_on <= (f.scanned_at AT TIME ZONE i.zone)::date, true)
                             AND coalesce((f.scanned_at AT TIME ZONE i.zone)::date < p.to_on, true) UNION ALL SELECT NULL) in_force
        WHERE (p.hospital, p.item_code) = (f.hospital, f.item_code) GROUP BY p.version
    ) v ON true
    GROUP BY f.place, f.hospital, f.department, f.departments, f.item_code, f.scanned_at, i.zone, f.sign, f.units, f.before
), recount AS (
    SELECT parts.hospital, scoped.scope_type, scoped.scope, item_code, month, sum(quantity) AS quantity, sum(low) AS low, sum(high) AS high
    FROM parts CROSS JOIN LATERAL (VALUES ('hospital', parts.hospital), ('department', parts.department)) scoped (scope_type, scope)
    WHERE scoped.scope IS NOT NULL GROUP BY 1, 2, 3, 4, 5
)
SELECT hospital, scope_type, scope, item_code, month, u.quantity, r.quantity AS recounted, u.amount_fen, r.low AS recounted_fen, r.high AS or_fen
FROM (SELECT * FROM udi.usage_now WHERE scope_type IN ('hospital', 'department')) u FULL JOIN recount r USING (hospital, scope_type, scope, item_code, month)
WHERE (coalesce(u.quantity, 0) <> coalesce(r.quantity, 0)
       OR coalesce(u.amount_fen, 0) NOT BETWEEN least(coalesce(r.low, 0), coalesce(r.high, 0)) AND greatest(coalesce(r.low, 0), coalesce(r.high, 0)))
  -- The department of a use without one is its encounter's of that time, which the books do not keep when it moved since.
  AND NOT (scope_type = 'department' AND EXISTS (
      SELECT FROM parts p WHERE p.departments > 1 AND (p.hospital, p.item_code, p.month) = (coalesce(u.hospital, r.hospital), coalesce(u.item_code, r.item_code), coalesce(u.month, r.month))
  ));

-- check: outbox-without-gap: the outbox has no gap and ends at its counter
WITH counters AS (
    SELECT one.topic, l.lane AS partition, one.last_seq FROM udi.lane l
    CROSS JOIN LATERAL (VALUES ('billing', billing_seq), ('verdicts', verdicts_seq), ('settlement', settlement_seq), ('dead-letters', dead_letters_seq)) one (topic, last_seq)
    UNION ALL
    SELECT topic, partition, last_seq FROM udi.topic_counter
), blocks AS (
    SELECT topic, partition, first_seq, last_seq, lag(last_seq, 1, 0::bigint) OVER (PARTITION BY topic, partition ORDER BY first_seq) AS before FROM udi.outbox_block
)
SELECT topic, partition, first_seq AS seq, before AS seq_before, 'gap or overlap' AS what FROM blocks WHERE first_seq <> before + 1
UNION ALL
SELECT topic, partition, max(b.last_seq), c.last_seq, 'counter' FROM counters c FULL JOIN blocks b USING (topic, partition)
GROUP BY topic, partition, c.last_seq HAVING coalesce(max(b.last_seq), 0) IS DISTINCT FROM c.last_seq;

-- check: outbox-id-once: an id leaves once on each topic
SELECT topic, id, count(*) AS times, min(seq) AS first_seq, max(seq) AS last_seq FROM report.outbox GROUP BY topic, id HAVING count(*) > 1;

-- check: ledger-is-billing: the ledger and the billing records of the outbox are the same
WITH sent AS MATERIALIZED (
    SELECT id, partition, convert_from(body, 'UTF8')::jsonb AS body
    FROM udi.outbox_kept b CROSS JOIN LATERAL unnest(b.ids, b.bodies) one (id, body) WHERE b.topic = 'billing'
)
SELECT coalesce(s.id, c.billing_id) AS billing_id, c.scan_id, c.kind, c.amount, s.body ->> 'amount' AS sent_amount, s.body ->> 'kind' AS sent_kind
FROM sent s FULL JOIN report.charges c ON c.billing_id = s.id
WHERE s.id IS NULL AND NOT EXISTS (SELECT FROM udi.outbox_purged p WHERE (p.topic, p.id) = ('billing', c.billing_id)) OR c.billing_id IS NULL
   OR s.id IS NOT NULL AND (s.body ->> 'billing_id', s.body ->> 'kind', s.body ->> 'reverses', s.body ->> 'hospital', s.body ->> 'encounter', s.body ->> 'department', s.body ->> 'item_code',
       s.body ->> 'scan_id', s.body ->> 'period', (s.body ->> 'quantity')::int, (s.body ->> 'amount')::numeric, (s.body ->> 'unit_price')::numeric)
      IS DISTINCT FROM
      (c.billing_id::text, c.kind, c.reverses::text, c.hospital, c.encounter, c.department, c.item_code, c.scan_id::text, c.period, c.quantity, c.amount, c.unit_price);

-- check: settlement-is-published: settlement lines and the settlement records of the outbox are the same
WITH sent AS MATERIALIZED (
    SELECT id, convert_from(body, 'UTF8')::jsonb AS body
    FROM udi.outbox_kept b CROSS JOIN LATERAL unnest(b.ids, b.bodies) one (id, body) WHERE b.topic = 'settlement'
)
SELECT coalesce(s.id, t.line_id) AS line_id, t.scan_id, t.status, t.amount, s.body ->> 'amount' AS sent_amount
FROM sent s FULL JOIN report.settlement t ON t.line_id = s.id
WHERE s.id IS NULL AND NOT EXISTS (SELECT FROM udi.outbox_purged p WHERE (p.topic, p.id) = ('settlement', t.line_id)) OR t.line_id IS NULL
   OR s.id IS NOT NULL AND (s.body ->> 'supplier', s.body ->> 'scan_id', s.body ->> 'item_code', s.body ->> 'status', s.body ->> 'period', s.body ->> 'reverses',
       (s.body ->> 'quantity')::int, (s.body ->> 'amount')::numeric, (s.body ->> 'cost')::numeric)
      IS DISTINCT FROM (t.supplier, t.scan_id::text, t.item_code, t.status, t.period, t.reverses::text, t.quantity, t.amount, t.cost);

-- check: statements-are-published: what statements say and their records in the outbox are the same
WITH sent AS MATERIALIZED (
    SELECT convert_from(body, 'UTF8')::jsonb AS body
    FROM udi.outbox_kept b CROSS JOIN LATERAL unnest(b.bodies) one (body) WHERE b.topic = 'statements'
), told AS MATERIALIZED (
    SELECT s.body ->> 'hospital' AS hospital, s.body ->> 'supplier' AS supplier, s.body ->> 'period' AS period, (s.body ->> 'version')::int AS version,
           l ->> 'item_code' AS item_code, (l ->> 'used')::bigint AS used, (l ->> 'returned')::bigint AS returned, (l ->> 'corrected')::bigint AS corrected,
           (l ->> 'quantity')::bigint AS quantity, (l ->> 'cost')::numeric AS cost, (l ->> 'amount')::numeric AS amount
    FROM sent s CROSS JOIN LATERAL jsonb_array_elements(s.body -> 'lines') l
), kept AS MATERIALIZED (
    SELECT hospital, supplier, period, version, item_code, used, returned, corrected, quantity, cost, amount FROM report.statements r
    WHERE stated AND (NOT EXISTS (SELECT FROM udi.outbox_purged WHERE topic = 'statements') OR EXISTS (
        SELECT FROM sent s WHERE (s.body ->> 'hospital', s.body ->> 'supplier', s.body ->> 'period', (s.body ->> 'version')::int)
                               = (r.hospital, r.supplier, r.period, r.version)))
)
SELECT 'not published so' AS what, a.* FROM (TABLE kept EXCEPT TABLE told) a
UNION ALL SELECT 'not kept so', b.* FROM (TABLE told EXCEPT TABLE kept) b;

-- check: one-verdict-of-a-decision: every decision left one verdict record
WITH sent AS MATERIALIZED (
    SELECT b.partition, convert_from(body, 'UTF8')::jsonb AS body
    FROM udi.outbox_kept b CROSS JOIN LATERAL unnest(b.bodies) one (body) WHERE b.topic = 'verdicts'
), published AS (
    SELECT partition AS lane, body ->> 'scan_id' AS scan_id, body ->> 'verdict' AS verdict, (body -> 'reasons')::text AS reasons, count(*) AS times FROM sent GROUP BY 1, 2, 3, 4
), decided AS (
    SELECT lane, scan_id::text, verdict::text, to_jsonb(reasons)::text AS reasons, count(*) AS times FROM (
        SELECT lane, scan_id, verdict, reasons FROM udi.scan WHERE scan_id IS NOT NULL AND device_id IS NOT NULL
        UNION ALL
        SELECT d.lane, s.scan_id, d.verdict, d.reasons FROM udi.decision d JOIN udi.scan s USING (position_id, record_offset)
    ) every_decision GROUP BY 1, 2, 3, 4
)
SELECT lane, scan_id, verdict, reasons, coalesce(d.times, 0) AS decided, coalesce(p.times, 0) AS published
FROM decided d FULL JOIN published p USING (lane, scan_id, verdict, reasons)
-- Of a lane whose older verdicts were let go: none that nobody decided.
WHERE d.times IS DISTINCT FROM p.times AND (udi.purged_through('verdicts', lane) = 0 OR coalesce(p.times, 0) > coalesce(d.times, 0));

-- check: one-dead-letter-of-a-refusal: every refused scan and every conflict left one dead letter with its bytes
-- Another cluster has the same origins for other records: of an origin and a reason, as many letters have the same bytes as refusals do.
WITH sides AS (
    SELECT one.origin, one.reason, one.body, true AS sent
    FROM udi.outbox_kept b CROSS JOIN LATERAL unnest(b.bodies, b.reasons, b.origins) one (body, reason, origin)
    WHERE b.topic = 'dead-letters' AND one.origin LIKE (SELECT topic_prefix || 'scans/%' FROM udi.installation)
    UNION ALL
    SELECT p.topic || '/' || p.partition || '/' || s.record_offset, s.reasons[1],
           CASE WHEN b.let_go_at IS NULL THEN substr(coalesce(b.raw, ''::bytea), 1, 3000000) END, false -- LETTER_VALUE_BYTES_MAX
    FROM udi.scan s JOIN udi.position p USING (position_id) JOIN udi.raw_bytes b USING (position_id, record_offset)
    WHERE s.verdict IN ('refused', 'conflict')
), bodies AS (
    SELECT origin, reason, sha256(body) AS hash, octet_length(body) AS bytes,
           count(*) FILTER (WHERE NOT sent) AS refused, count(*) FILTER (WHERE sent) AS sent
    FROM sides GROUP BY 1, 2, 3, 4
), beside AS (
    -- Bytes that were let go may have been those of any letter that no other refusal has.
    SELECT origin, reason, bytes, refused, sent, coalesce(sum(refused) FILTER (WHERE hash IS NULL) OVER same, 0) AS let_go,
           coalesce(sum(greatest(sent - refused, 0)) FILTER (WHERE hash IS NOT NULL) OVER same, 0) AS spare
    FROM bodies WINDOW same AS (PARTITION BY origin, reason)
)
SELECT origin, reason, bytes, refused, sent FROM beside r
WHERE sent > refused AND spare > let_go
   OR refused > sent AND (bytes IS NOT NULL OR let_go > spare) AND NOT EXISTS (
    SELECT FROM udi.outbox_block b WHERE b.topic = 'dead-letters' AND b.last_seq <= udi.purged_through(b.topic, b.partition) AND r.origin = ANY (b.origins)
);

-- check: alerts-are-published: alert versions and the alert records of the outbox are the same
WITH sent AS MATERIALIZED (
    SELECT convert_from(body, 'UTF8')::jsonb AS body
    FROM udi.outbox_block b CROSS JOIN LATERAL unnest(b.bodies) one (body) WHERE b.topic = 'alerts'
)
SELECT coalesce(a.alert_id::text, s.body ->> 'alert_id') AS alert_id, a.version, s.body ->> 'version' AS sent_version, a.status, s.body ->> 'status' AS sent_status
FROM sent s FULL JOIN report.alerts a ON (a.alert_id::text, a.version) = (s.body ->> 'alert_id', (s.body ->> 'version')::int)
WHERE a.alert_id IS NULL OR s.body IS NULL
   OR (s.body ->> 'status', s.body ->> 'rule', s.body ->> 'item_code', s.body ->> 'month', (s.body ->> 'value')::numeric, (s.body -> 'base' ->> 'value')::numeric)
      IS DISTINCT FROM (a.status, a.rule, a.item_code, a.month, a.value, CASE WHEN a.base_month IS NOT NULL THEN a.base_value END);

-- check: alert-versions-numbered: alert versions are numbered 1, 2, 3 …
SELECT alert_id, array_agg(version ORDER BY version) AS versions FROM udi.alert GROUP BY alert_id HAVING max(version) <> count(*);

-- check: alert-causes-add-up: the causes of an alert add up to its rise
SELECT alert_id, version, measure, value, base_value, cause
FROM report.alerts
WHERE jsonb_array_length(cause) > 0
  AND value - base_value IS DISTINCT FROM (SELECT sum((part ->> 'amount')::numeric) FROM jsonb_array_elements(cause) part);

-- check: finding-on-newest-alerts: a finding rests on the newest standing alerts of its item and month
SELECT coalesce(s.hospital, f.hospital) AS hospital, coalesce(s.item_code, f.item_code) AS item_code, coalesce(s.month, f.month) AS month, s.alerts AS standing, f.alerts
FROM (
    SELECT hospital, item_code, month, array_agg(alert_id ORDER BY alert_id) AS alerts, array_agg(version ORDER BY alert_id) AS versions
    FROM (SELECT DISTINCT ON (alert_id) * FROM udi.alert ORDER BY alert_id, version DESC) newest WHERE status <> 'withdrawn'
    GROUP BY hospital, item_code, month
) s
FULL JOIN (
    SELECT n.hospital, n.item_code, n.month, array_agg(a.alert_id ORDER BY a.alert_id) AS alerts, array_agg(a.version ORDER BY a.alert_id) AS versions
    FROM udi.watch_finding_now n CROSS JOIN LATERAL unnest(n.alerts, n.alert_versions) a (alert_id, version)
    GROUP BY n.hospital, n.item_code, n.month
) f USING (hospital, item_code, month)
WHERE (s.alerts, s.versions) IS DISTINCT FROM (f.alerts, f.versions);

-- check: alert-states-usage: the newest version of a final alert states the usage of its month
-- While usage waits to be folded, or a close to be judged, the evaluator has not looked yet.
SELECT alert_id, version, scope, item_code, month, measure, value, CASE measure WHEN 'amount' THEN used_fen ELSE used END AS usage
FROM (
    SELECT *, max(quantity) OVER cell AS used, max(amount_fen) OVER cell AS used_fen
    FROM (
        SELECT alert_id, version, hospital, scope_type, scope, item_code, month, measure, value,
               CASE WHEN status = 'explained' AND NOT provisional THEN 'fired' ELSE status END AS status, NULL::bigint AS quantity, NULL::bigint AS amount_fen
        FROM (SELECT DISTINCT ON (alert_id) * FROM udi.alert ORDER BY alert_id, version DESC) newest
        UNION ALL
        SELECT NULL, NULL, hospital, scope_type, scope, item_code, month, NULL, NULL, NULL, quantity, amount_fen FROM udi.usage_now
    ) both_sides
    WINDOW cell AS (PARTITION BY hospital, scope_type, scope, item_code, month)
) beside
WHERE status = 'fired' AND NOT EXISTS (SELECT FROM udi.usage_delta) AND NOT EXISTS (SELECT FROM udi.close_pending)
  AND value <> coalesce(CASE measure WHEN 'amount' THEN used_fen ELSE used END, 0);

-- check: fact-changes-numbered: fact changes are numbered without a gap, and are the versions of catalogue, encounters, lot patterns, scanners, controls, recalls, stores and notes
SELECT c.version, c.kind, c.hospital, c.code, 'change without its version' AS what
FROM udi.fact_change c
LEFT JOIN udi.catalogue i ON c.kind = 'item' AND (i.hospital, i.item_code, i.version) = (c.hospital, c.code, c.version)
LEFT JOIN udi.encounter e ON c.kind = 'encounter' AND (e.hospital, e.encounter, e.version) = (c.hospital, c.code, c.version)
LEFT JOIN udi.scanner s ON c.kind = 'scanner' AND (s.hospital, s.device_id, s.version) = (c.hospital, c.code, c.version)
LEFT JOIN udi.control t ON c.kind = 'control' AND (t.hospital, t.key, t.version) = (c.hospital, c.code, c.version)
LEFT JOIN udi.recall r ON c.kind = 'recall' AND (r.hospital, r.recall, r.fact) = (c.hospital, c.code, c.version)
LEFT JOIN udi.store o ON c.kind = 'store' AND (o.hospital, o.store, o.fact) = (c.hospital, c.code, c.version)
LEFT JOIN udi.delivery n ON c.kind = 'delivery' AND (n.hospital, n.note, n.fact) = (c.hospital, c.code, c.version)
WHERE i.version IS NULL AND e.version IS NULL AND s.version IS NULL AND t.version IS NULL AND r.fact IS NULL AND o.fact IS NULL AND n.fact IS NULL
  AND NOT (c.kind = 'shape' AND NOT EXISTS (
      SELECT FROM unnest(c.issuers, c.dis) device (issuer, di) LEFT JOIN udi.lot_shape t USING (issuer, di) WHERE t.version IS NULL
  ))
UNION ALL
SELECT t.version, 'shape', NULL, t.di, 'versions of a lot pattern with a gap'
FROM (SELECT issuer, di, max(version) AS version, count(*) AS n FROM udi.lot_shape GROUP BY issuer, di) t WHERE t.version <> t.n
UNION ALL
SELECT f.version, NULL, NULL, NULL, 'counter differs from ' || changes.n || ' changes'
FROM udi.fact_counter f CROSS JOIN (SELECT count(*) AS n, coalesce(max(version), 0) AS newest FROM udi.fact_change) changes
WHERE f.version <> changes.n OR f.version <> changes.newest
UNION ALL
SELECT l.facts_seen, NULL, NULL, l.lane::text, 'lane has seen facts that are not there' FROM udi.lane l CROSS JOIN udi.fact_counter f WHERE l.facts_seen > f.version;

-- check: case-proof-is-its-ledgers: the newest proof of a closed case is what its four ledgers come to
-- Not of one that changed a moment ago, nor of one whose discharge was withdrawn: nobody has proven, or will prove, these anew.
WITH changed AS MATERIALIZED (
    SELECT DISTINCT one.hospital, one.encounter FROM udi.case_delta CROSS JOIN LATERAL unnest(hospitals, encounters) one (hospital, encounter) WHERE reader = 'proofs'
), closed AS MATERIALIZED (
    SELECT p.* FROM (SELECT DISTINCT ON (hospital, encounter, operation) * FROM udi.case_proof ORDER BY hospital, encounter, operation, version DESC) p
    LEFT JOIN (SELECT DISTINCT ON (hospital, encounter) hospital, encounter, discharged_at, settled_at FROM udi.encounter ORDER BY hospital, encounter, version DESC) e USING (hospital, encounter)
    WHERE (p.closings > 0 OR e.discharged_at IS NOT NULL OR e.settled_at IS NOT NULL) AND (p.hospital, p.encounter) NOT IN (SELECT hospital, encounter FROM changed)
), uses AS MATERIALIZED (
    SELECT c.hospital, c.encounter, c.operation, s.scan_id FROM closed c JOIN report.scans s ON (s.hospital, s.encounter) = (c.hospital, c.encounter)
    WHERE s.action = 'use' AND c.operation IN ('', s.operation)
), members AS (
    SELECT * FROM uses
    UNION
    SELECT u.hospital, u.encounter, u.operation, r.scan_id FROM uses u JOIN report.returns r ON (r.hospital, r.use_scan_id) = (u.hospital, u.scan_id)
    UNION
    SELECT c.hospital, c.encounter, c.operation, s.scan_id FROM closed c JOIN report.scans s ON (s.hospital, s.encounter) = (c.hospital, c.encounter)
    WHERE s.verdict IN ('waiting', 'parked', 'held') AND c.operation IN ('', s.operation)
), scans AS MATERIALIZED (
    SELECT m.encounter AS case_encounter, m.operation AS case_operation, s.* FROM members m JOIN report.scans s USING (hospital, scan_id)
), moves AS MATERIALIZED (
    -- The listing names the store, whichever room, cabinet or set of it the goods were in.
    SELECT s.hospital, s.case_encounter, s.case_operation, s.scan_id,
        CASE WHEN m.takes_back THEN udi.place_to(m.action, s.store, s.to_store) ELSE udi.place_from(m.action, s.store) END AS from_place,
        CASE WHEN m.takes_back THEN udi.place_from(m.action, s.store) ELSE udi.place_to(m.action, s.store, s.to_store) END AS to_place,
        m.owner, m.item_code, m.lot, m.serial, m.units::bigint AS quantity
    FROM scans s JOIN udi.stock_move m ON (m.hospital, m.scan_id) = (s.hospital, s.scan_id)
), entries AS MATERIALIZED (
    SELECT s.hospital, s.case_encounter, s.case_operation, e.* FROM scans s
    JOIN (SELECT hospital AS of_hospital, kind, scan_id, billing_id, reverses, item_code, quantity, amount FROM report.charges) e ON (e.of_hospital, e.scan_id) = (s.hospital, s.scan_id)
), owed AS MATERIALIZED (
    SELECT s.hospital, s.case_encounter, s.case_operation, t.* FROM scans s
    JOIN (SELECT hospital AS of_hospital, scan_id, line_id, reverses, supplier, item_code, quantity, amount, status FROM report.settlement) t ON (t.of_hospital, t.scan_id) = (s.hospital, s.scan_id)
), lines (hospital, encounter, operation, fields) AS (
    SELECT hospital, encounter, operation, ARRAY['case', hospital, encounter, operation] FROM closed
    UNION ALL
    SELECT hospital, case_encounter, case_operation, ARRAY['scan', scan_id::text, action, item_code, issuer, di, lot, serial, quantity::text, verdict,
        CASE WHEN verdict IN ('waiting', 'parked', 'held') THEN udi.deciding_reason_2(reasons) END] FROM scans
    UNION ALL
    SELECT hospital, case_encounter, case_operation, ARRAY['move', scan_id::text, from_place, to_place, owner, item_code, lot, serial, quantity::text] FROM moves
    UNION ALL
    SELECT hospital, case_encounter, case_operation, ARRAY[kind, scan_id::text, billing_id::text, reverses::text, item_code, quantity::text, amount::text] FROM entries
    UNION ALL
    SELECT hospital, case_encounter, case_operation, ARRAY['settlement', scan_id::text, line_id::text, reverses::text, supplier, item_code, quantity::text, amount::text, status] FROM owed
), hashes AS (
    SELECT hospital, encounter, operation, sha256(convert_to(string_agg(line, E'\n' ORDER BY line COLLATE "C"), 'UTF8')) AS hash
    FROM (SELECT hospital, encounter, operation, array_to_string(fields, E'\t', '') AS line FROM lines) listed GROUP BY hospital, encounter, operation
), out AS (
    SELECT hospital, case_encounter AS encounter, case_operation AS operation, sum(CASE WHEN to_place = 'patient' THEN quantity WHEN from_place = 'patient' THEN -quantity END) AS units
    FROM moves GROUP BY 1, 2, 3
), charged AS (
    SELECT hospital, case_encounter AS encounter, case_operation AS operation, sum(CASE kind WHEN 'charge' THEN quantity ELSE -quantity END) AS units,
           sum(CASE kind WHEN 'charge' THEN amount ELSE -amount END) AS amount FROM entries GROUP BY 1, 2, 3
), due AS (
    SELECT hospital, case_encounter AS encounter, case_operation AS operation, sum(CASE WHEN reverses IS NULL THEN quantity ELSE -quantity END) AS units,
           sum(CASE WHEN reverses IS NULL THEN amount ELSE -amount END) AS amount FROM owed GROUP BY 1, 2, 3
)
SELECT c.hospital, c.encounter, c.operation, c.version, c.verdict, encode(c.hash, 'hex') AS hash, encode(h.hash, 'hex') AS found_hash,
       c.stock_units, out.units AS found_out, c.charged_units, charged.units AS found_charged, c.owed_units, due.units AS found_owed
FROM closed c JOIN hashes h USING (hospital, encounter, operation)
LEFT JOIN out USING (hospital, encounter, operation) LEFT JOIN charged USING (hospital, encounter, operation) LEFT JOIN due USING (hospital, encounter, operation)
WHERE c.hash <> h.hash OR c.stock_units <> coalesce(out.units, 0) OR c.charged_units <> coalesce(charged.units, 0) OR c.charged_fen <> coalesce(charged.amount, 0) * 100
   OR c.owed_units <> coalesce(due.units, 0) OR c.owed_fen <> coalesce(due.amount, 0) * 100;

-- check: case-proofs-numbered: proofs of cases are numbered 1, 2, 3 …, and those with gaps are the list of open cases
SELECT p.hospital, p.encounter, p.operation, max(p.version) AS newest, count(*) AS versions, 'numbers' AS what FROM udi.case_proof p
GROUP BY p.hospital, p.encounter, p.operation HAVING max(p.version) <> count(*)
UNION ALL
SELECT hospital, encounter, operation, p.version, NULL, CASE WHEN o.since IS NULL THEN 'not listed' ELSE 'listed' END
FROM (SELECT DISTINCT ON (hospital, encounter, operation) * FROM udi.case_proof ORDER BY hospital, encounter, operation, version DESC) p
FULL JOIN udi.open_case o USING (hospital, encounter, operation)
WHERE (o.since IS NOT NULL) IS DISTINCT FROM (p.verdict = 'gaps');

-- check: case-proofs-are-published: every proof of a case and its record in the outbox are the same
WITH sent AS MATERIALIZED (
    SELECT id, body FROM (
        SELECT id, convert_from(body, 'UTF8')::jsonb AS body FROM udi.outbox_block b CROSS JOIN LATERAL unnest(b.ids, b.bodies) one (id, body) WHERE b.topic = 'cases'
    ) every_record WHERE body ->> 'schema' = 'udi.case/1'
)
SELECT s.id, p.hospital, p.encounter, p.operation, p.version, p.verdict, s.body ->> 'verdict' AS sent_verdict
FROM sent s FULL JOIN report.cases p
    ON (s.body ->> 'hospital', s.body ->> 'encounter', coalesce(s.body ->> 'operation', ''), (s.body ->> 'version')::int) = (p.hospital, p.encounter, coalesce(p.operation, ''), p.version)
WHERE s.id IS NULL OR p.version IS NULL
   OR (s.body ->> 'case_id', s.body ->> 'verdict', s.body ->> 'trigger', s.body ->> 'hash', s.body -> 'gaps', (s.body -> 'ledgers' -> 'charges' ->> 'amount')::numeric)
      IS DISTINCT FROM (s.id::text, p.verdict, p.trigger, p.hash, p.gaps, p.charged_amount);

-- check: his-lines-numbered: versions of the HIS's lines are numbered 1, 2, 3 …, and each says something else than the one before
SELECT l.hospital, l.line_id, l.version, before.version AS before
FROM (
    SELECT h.*, row_number() OVER (PARTITION BY h.hospital, h.line_id ORDER BY h.version) AS place,
        lag(h.version) OVER (PARTITION BY h.hospital, h.line_id ORDER BY h.version) AS before_version
    FROM udi.his_line h
) l
LEFT JOIN udi.his_line before ON (before.hospital, before.line_id, before.version) = (l.hospital, l.line_id, l.before_version)
WHERE l.version <> l.place OR before.fingerprint = l.fingerprint;

-- check: his-lines-behind-position: every record of the HIS's lines lies behind its partition's position
SELECT l.hospital, l.line_id, l.version, l.origin FROM udi.his_line l
WHERE NOT EXISTS (
    SELECT FROM udi.position p
    WHERE l.origin LIKE p.topic || '/' || p.partition || '/%' AND split_part(l.origin, '/', 3)::bigint < p.next_offset
);

-- check: differences-numbered: versions of differences are numbered 1, 2, 3 …, begin open, and the newest that are not gone are the list of those that stand
SELECT newest.difference_id, newest.encounter, newest.version, newest.status, newest.versions, s.version AS listed, s.status AS listed_as
FROM (
    SELECT DISTINCT ON (d.difference_id) d.*, count(*) OVER one AS versions, first_value(d.status) OVER (one ORDER BY d.version) AS first_status
    FROM udi.difference d WINDOW one AS (PARTITION BY d.difference_id) ORDER BY d.difference_id, d.version DESC
) newest
FULL JOIN udi.difference_standing s USING (difference_id)
WHERE newest.version IS DISTINCT FROM newest.versions OR newest.first_status <> 'open'
   OR (s.difference_id IS NULL) <> (newest.status IN ('mended', 'vanished'))
   OR s.difference_id IS NOT NULL AND (s.hospital, s.encounter, s.kind, s.item_code, s.version, s.status)
       IS DISTINCT FROM (newest.hospital, newest.encounter, newest.kind, newest.item_code, newest.version, newest.status);

-- check: requests-are-published: what was asked of the HIS and its record in the outbox are the same
WITH sent AS MATERIALIZED (
    SELECT id, body FROM (
        SELECT id, convert_from(body, 'UTF8')::jsonb AS body FROM udi.outbox_block b CROSS JOIN LATERAL unnest(b.ids, b.bodies) one (id, body) WHERE b.topic = 'cases'
    ) every_record WHERE body ->> 'schema' = 'udi.correction/1'
)
SELECT s.id, d.difference_id, d.version, d.encounter
FROM sent s FULL JOIN (SELECT * FROM udi.difference WHERE status = 'asked') d
    ON (s.body ->> 'difference_id', (s.body ->> 'asked_at')::timestamptz) = (d.difference_id::text, d.changed_at)
WHERE s.id IS NULL OR d.version IS NULL
   OR (s.id::text, s.body ->> 'hospital', s.body ->> 'encounter', s.body ->> 'fix', s.body ->> 'line_id', s.body ->> 'scan_id', s.body ->> 'by', s.body ->> 'reason',
       (s.body ->> 'expected')::numeric, (s.body ->> 'found')::numeric)
      IS DISTINCT FROM (s.body ->> 'correction_id', d.hospital, d.encounter, d.fix, d.line_id, d.scan_id::text, d.by, d.reason,
       udi.yuan(d.expected_fen), udi.yuan(d.found_fen));

-- check: published-was-written: nothing is taken as published that was not written
SELECT f.cluster_id, f.topic, f.partition, f.seq AS published, coalesce(max(b.last_seq), 0) AS written
FROM udi.relay_floor f LEFT JOIN udi.outbox_block b USING (topic, partition)
GROUP BY f.cluster_id, f.topic, f.partition, f.seq HAVING f.seq > coalesce(max(b.last_seq), 0);

-- check: books-refuse-changes: the database still refuses to change the books
SELECT expected.book, expected.protection, t.tgenabled AS state
FROM (
    SELECT book, 'append_only' AS protection
    FROM unnest(ARRAY['scan', 'decision', 'scan_claim', 'use_change', 'ledger', 'settlement', 'waste_cost', 'alert', 'catalogue', 'encounter', 'fact_change', 'period_close', 'lot_shape', 'reading', 'scanner', 'pair', 'command', 'command_outcome', 'assignment', 'correction', 'case_close', 'case_proof', 'his_line', 'difference', 'discharge', 'income', 'recall', 'recall_closing', 'recall_proof', 'rule', 'rule_switch', 'intervention', 'control', 'watch_finding', 'review_entry', 'installation', 'verification', 'hospital_policy', 'forced_close', 'target', 'assessment_run', 'assessment_row', 'month_step', 'purge', 'chain', 'seal', 'statement', 'statement_line', 'statement_mark', 'invoice', 'invoice_line', 'store', 'delivery', 'goods_cost', 'purchase', 'purchase_line', 'purchase_mark', 'scan_raw', 'scan_override', 'raw_purge', 'raw_move', 'stock_count', 'count_end', 'count_line', 'count_booked', 'count_policy', 'cabinet_read']) book
    UNION ALL SELECT 'ledger', 'check_ledger'
    UNION ALL SELECT 'settlement', 'check_open_period' UNION ALL SELECT 'waste_cost', 'check_open_period'
    UNION ALL SELECT 'scan', 'place_scanned' UNION ALL SELECT 'decision', 'place_decided' UNION ALL SELECT 'unit_place', 'by_moves_alone'
    UNION ALL SELECT 'recall_closing', 'keep_chance'
    UNION ALL SELECT 'balance', 'by_record_alone' UNION ALL SELECT 'store_item', 'by_record_alone'
) expected
LEFT JOIN pg_trigger t ON t.tgrelid = ('udi.' || expected.book)::regclass AND t.tgname = expected.protection
WHERE t.tgenabled IS DISTINCT FROM 'O';

-- What breaks each invariant of sinks/postgres/verifying/invariants.sql, and only a person with a superuser's rights can do.
-- The use of three, of which one was returned, is scan …0c; the use that holds unit S1 is …0b.

-- check: position-behind-records: every position lies behind what is recorded
UPDATE udi.position SET next_offset = 2 WHERE topic = 'udi.scans';

-- check: offset-on-its-lane: every recorded offset belongs to a partition, and lies on its lane
UPDATE udi.scan SET lane = 1 WHERE (position_id, record_offset) = (SELECT position_id, record_offset FROM udi.scan_claim WHERE scan_id = '00000000-0000-0000-0000-00000000000c');

-- check: scan-id-counts-once: a scan id counts once; what repeats it is a duplicate or a conflict
DELETE FROM udi.scan_claim WHERE (position_id, record_offset) = (SELECT position_id, record_offset FROM udi.scan_claim WHERE scan_id = '00000000-0000-0000-0000-00000000000c');

-- check: claim-has-its-scan: every scan id that counts has its scan
INSERT INTO udi.scan_claim VALUES ('H1', gen_random_uuid(), 1, 999, '');

-- check: raw-bytes-kept: raw bytes are kept of every record that had any, but of months that were let go; of what waits in those too
DELETE FROM udi.scan_raw WHERE (position_id, record_offset) = (SELECT position_id, record_offset FROM udi.scan_claim WHERE scan_id = '00000000-0000-0000-0000-00000000000c');

-- check: decisions-numbered: later decisions of a scan are numbered 1, 2, 3 …
UPDATE udi.decision SET n = n + 100;

-- check: waiting-list: the list of what waits is what waits
DELETE FROM udi.open_scan WHERE reason = 'encounter-missing';

-- check: reasons-given: nothing waits or is refused without a reason
UPDATE udi.scan SET reasons = '{}' WHERE verdict = 'refused';

-- check: one-charge-of-a-scan: a billed scan has one charge, a credited one credit, any other neither
DELETE FROM udi.ledger WHERE (position_id, record_offset) = (SELECT position_id, record_offset FROM udi.scan_claim WHERE scan_id = '00000000-0000-0000-0000-00000000000b');

-- check: entry-agrees-with-scan: every entry agrees with its scan, and every charge is its units times its price
UPDATE udi.ledger SET amount_fen = amount_fen + 1 WHERE (position_id, record_offset) = (SELECT position_id, record_offset FROM udi.scan_claim WHERE scan_id = '00000000-0000-0000-0000-00000000000b');

-- check: credits-within-charge: credits stay within their charge, keep its price, are numbered, and end at it to the cent
UPDATE udi.ledger SET amount_fen = amount_fen - 1 WHERE kind = 'credit' AND position_id = 1 AND quantity = 1 AND credit_number = 1;

-- check: credit-follows-return: every credit takes back what its return took back
UPDATE udi.use_change SET units = 2 WHERE (use_position, use_offset) = (SELECT position_id, record_offset FROM udi.scan_claim WHERE scan_id = '00000000-0000-0000-0000-00000000000c');

-- check: own-charge-taken-back: a scan's own charge was taken back to its end, for another price or because a person commanded it
DELETE FROM udi.command_outcome;

-- check: commands-in-order: commands are numbered without a gap, and those carried out are the first of their lane
UPDATE udi.lane SET commands_done = 1 WHERE lane = 1;

-- check: returns-within-use: returns of a use are numbered, never exceed it, and stand for one return each
UPDATE udi.use_change SET n = 2 WHERE (use_position, use_offset) = (SELECT position_id, record_offset FROM udi.scan_claim WHERE scan_id = '00000000-0000-0000-0000-00000000000c');

-- check: changes-of-a-use: a use has changed itself as often as its own charges were credited, it got another lot, or a person took it back
DELETE FROM udi.ledger WHERE kind = 'credit' AND 're-rated' = ANY (flags);

-- check: waste-has-its-cost: what was opened and not used, or thrown away, has cost its department units times the cost of the day
UPDATE udi.waste_cost SET amount_fen = amount_fen + 1;

-- check: return-has-its-use: every return that stands has taken back from one use
DELETE FROM udi.use_change WHERE (use_position, use_offset) = (SELECT position_id, record_offset FROM udi.scan_claim WHERE scan_id = '00000000-0000-0000-0000-00000000000c');

-- check: return-after-use: a return takes back a use at or before it, within the largest tolerance of clocks its hospital has had
UPDATE udi.scan SET scanned_at = scanned_at + interval '1 day' WHERE scan_id = '00000000-0000-0000-0000-00000000000c';

-- check: unit-used-once: a unit in use is held by one use of it
UPDATE udi.unit_claim SET serial = 'S7' WHERE serial = 'S1';

-- check: use-holds-its-unit: a use that stands holds its unit until all of it is returned
DELETE FROM udi.unit_claim WHERE serial = 'S1';

-- check: nothing-after-the-close: nothing was posted to a month after its close, by the broker's time of what caused it
UPDATE udi.period_close SET closed_at = '2022-01-01';

-- check: entry-in-its-month: an entry lies in its service month, or is flagged period-closed and lies in a later one
UPDATE udi.ledger SET period = 202207 WHERE (position_id, record_offset) = (SELECT position_id, record_offset FROM udi.scan_claim WHERE scan_id = '00000000-0000-0000-0000-00000000000c');

-- check: months-closed-in-order: closed months follow each other without a gap
UPDATE udi.period SET closed_through = 202208;

-- check: balances-are-moves: balances are the sum of the moves
UPDATE udi.balance SET quantity = quantity + 1 WHERE lot = 'P1';

-- check: store-totals-are-balances: what is left of an item in a store is the sum of its balances, in every lane
UPDATE udi.store_item SET quantity = quantity + 1 WHERE item_code = 'PLATE';

-- check: unit-in-one-place: a unit with a serial is in one place, in the house at most once, and as far as its moves say
UPDATE udi.unit_place SET place = 'OR-9';

-- check: set-is-its-balance: what lacks of a supplier's set is what lies in it
INSERT INTO udi.balance VALUES ('H1', 'set/LS-9', 'SCREW', 'S9', 'L1', '', 0, 'GS1', '07032069804988', NULL, 2);

-- check: goods-moved-once: goods of a scan that stands have moved once; of no scan twice, but for what went back
UPDATE udi.scan SET owner = NULL WHERE (position_id, record_offset) = (SELECT position_id, record_offset FROM udi.scan_claim WHERE scan_id = '00000000-0000-0000-0000-00000000000c');

-- check: adjustment-has-its-line: every move from or to the place adjustment books a line of a posted count, as the line says
UPDATE udi.scan SET action = 'transfer', from_place = 'OR-2', to_place = 'adjustment' WHERE (position_id, record_offset) = (SELECT position_id, record_offset FROM udi.scan_claim WHERE scan_id = '00000000-0000-0000-0000-00000000000c');

-- check: count-is-booked: of a count that is booked every difference has moved its goods
INSERT INTO udi.stock_count VALUES ('H1', 'C-1', 'OR-2', NULL, now(), 'li');
INSERT INTO udi.count_end VALUES ('H1', 'C-1', true, now(), 'li', NULL, 'a count');
INSERT INTO udi.count_line VALUES ('H1', 'C-1', 1, 'SCREW', 'hospital', 'GS1', '1', 'L1', '', NULL, 2, 1, NULL, now(), '{}', NULL, '{}', gen_random_uuid(), 'missing', 1);
INSERT INTO udi.count_booked VALUES ('H1', 'C-1', now());

-- check: gone-follows-from-reads: what has left a cabinet follows from its reads
INSERT INTO udi.cabinet_gone VALUES ('H1', 'OR-2', 'cab1', '2022-06-03 04:09Z', 'x', 'GS1', '07032069804988', 'S2', '2022-06-03 04:02Z');

-- check: whole-packages: units of use are whole packages of what was scanned
UPDATE udi.scan SET units = 4 WHERE (position_id, record_offset) = (SELECT position_id, record_offset FROM udi.scan_claim WHERE scan_id = '00000000-0000-0000-0000-00000000000c');

-- check: use-has-its-payable: every use of a supplier's goods that moved has its payable line, every return of them its reversal
DELETE FROM udi.settlement WHERE status = 'reversal';

-- check: payable-has-its-move: every payable line has its move, and reversals stay within their line
UPDATE udi.settlement SET quantity = 3, amount_fen = 240000 WHERE status = 'reversal';

-- check: usage-recounted: usage is the recount of the ledger and of recorded uses at the catalogue price
UPDATE udi.usage_month SET amount_fen = amount_fen + 1 WHERE item_code = 'GAUZE' AND scope_type = 'hospital';

-- check: outbox-without-gap: the outbox has no gap and ends at its counter
UPDATE udi.lane SET billing_seq = billing_seq + 1 WHERE lane = 0;

-- check: outbox-id-once: an id leaves once on each topic
UPDATE udi.outbox_block SET ids = array_fill(ids[1], ARRAY[cardinality(ids)]) WHERE topic = 'verdicts';

-- check: ledger-is-billing: the ledger and the billing records of the outbox are the same
UPDATE udi.ledger SET department = 'X' WHERE (position_id, record_offset) = (SELECT position_id, record_offset FROM udi.scan_claim WHERE scan_id = '00000000-0000-0000-0000-00000000000b');

-- check: settlement-is-published: settlement lines and the settlement records of the outbox are the same
UPDATE udi.settlement SET supplier = 'X';

-- check: statements-are-published: what statements say and their records in the outbox are the same
UPDATE udi.statement_line SET amount_fen = amount_fen + 100;

-- check: one-verdict-of-a-decision: every decision left one verdict record
DELETE FROM udi.outbox_block WHERE topic = 'verdicts' AND partition = 1;

-- check: one-dead-letter-of-a-refusal: every refused scan and every conflict left one dead letter with its bytes
UPDATE udi.scan_raw SET raw = 'other' WHERE (position_id, record_offset) IN (SELECT position_id, record_offset FROM udi.scan WHERE verdict = 'conflict');

-- check: alerts-are-published: alert versions and the alert records of the outbox are the same
DELETE FROM udi.outbox_block WHERE topic = 'alerts';

-- check: alert-versions-numbered: alert versions are numbered 1, 2, 3 …
UPDATE udi.alert SET version = version + 5 WHERE version = 1;

-- check: alert-causes-add-up: the causes of an alert add up to its rise
UPDATE udi.alert SET value = value + 1;

-- check: finding-on-newest-alerts: a finding rests on the newest standing alerts of its item and month
UPDATE udi.watch_finding SET alerts = alerts || gen_random_uuid(), alert_versions = alert_versions || 1;

-- check: alert-states-usage: the newest version of a final alert states the usage of its month
UPDATE udi.alert SET value = value + 1;

-- check: fact-changes-numbered: fact changes are numbered without a gap, and are the versions of catalogue, encounters, lot patterns, scanners, controls, recalls, stores and notes
DELETE FROM udi.catalogue WHERE item_code = 'NAIL';

-- check: case-proof-is-its-ledgers: the newest proof of a closed case is what its four ledgers come to
UPDATE udi.ledger SET amount_fen = amount_fen + 1 WHERE (position_id, record_offset) = (SELECT position_id, record_offset FROM udi.scan_claim WHERE scan_id = '00000000-0000-0000-0000-00000000000b');

-- check: case-proofs-numbered: proofs of cases are numbered 1, 2, 3 …, and those with gaps are the list of open cases
DELETE FROM udi.open_case;

-- check: case-proofs-are-published: every proof of a case and its record in the outbox are the same
UPDATE udi.case_proof SET verdict = 'closed', gaps = '[]', units = stock_units, chargeable_units = charged_units, supplied_units = owed_units, amount_fen = charged_fen WHERE verdict = 'gaps';

-- check: his-lines-numbered: versions of the HIS's lines are numbered 1, 2, 3 …, and each says something else than the one before
INSERT INTO udi.his_line SELECT (n).* FROM (SELECT jsonb_populate_record(l, jsonb_build_object('version', l.version + 1)) AS n FROM udi.his_line l WHERE l.line_id = 'L1') again;

-- check: his-lines-behind-position: every record of the HIS's lines lies behind its partition's position
UPDATE udi.position SET next_offset = 3 WHERE topic = 'udi.his-charges';

-- check: differences-numbered: versions of differences are numbered 1, 2, 3 …, begin open, and the newest that are not gone are the list of those that stand
DELETE FROM udi.difference_standing WHERE kind = 'extra';

-- check: requests-are-published: what was asked of the HIS and its record in the outbox are the same
UPDATE udi.difference SET reason = 'another one' WHERE status = 'asked' AND cause = 'other-price';

-- check: published-was-written: nothing is taken as published that was not written
INSERT INTO udi.relay_floor VALUES ('c1', 'billing', 0, 999);

-- check: books-refuse-changes: the database still refuses to change the books
ALTER TABLE udi.ledger DISABLE TRIGGER check_ledger;

-- Who asks through each index. One that nobody asks through costs every record its upkeep: it is dropped, not commented.

COMMENT ON INDEX udi.scan_of_encounter IS 'Uses and returns of an encounter: what it was given (reconciling, case proofs, implant cards, the board''s case).';
COMMENT ON INDEX udi.scan_untraced IS 'report.untraced: the few uses of tracked goods whose label did not say which.';
COMMENT ON INDEX udi.scan_of_device IS 'Newest scans of a device: its clock and counter (lanes at take-over), udi.device_clock, scanner lists, month figures.';
COMMENT ON INDEX udi.scan_lot_uncertain IS 'udi.freed: uses of an identifier whose lot may be read now that more of its lots are known.';
COMMENT ON INDEX udi.decision_lot_uncertain IS 'udi.freed: as scan_lot_uncertain, of labels that a later decision completed.';
COMMENT ON INDEX udi.scan_suspected IS 'report.scanners: labels of a device that may have lost a separator.';
COMMENT ON INDEX udi.scan_recorded IS 'The board''s "now": scans since an instant. Scans come in the order of the column, a few pages of index do.';
COMMENT ON INDEX udi.scan_refused IS 'GET /v1/scans/{scan_id}: a refused record has no claim.';
COMMENT ON INDEX udi.scan_of_lot IS 'udi trace, recalls: what happened to a lot, by the label as it was first read.';
COMMENT ON INDEX udi.scan_of_serial IS 'udi trace, recalls: what happened to a unit, by the label as it was first read.';
COMMENT ON INDEX udi.decision_of_lot IS 'udi trace, recalls: what happened to a lot, by the label as a later decision completed it.';
COMMENT ON INDEX udi.decision_of_serial IS 'udi trace, recalls: what happened to a unit, by the label as a later decision completed it.';
COMMENT ON INDEX udi.scan_of_document IS 'report.deliveries: what was scanned in under a delivery note.';
COMMENT ON INDEX udi.scan_made IS '/list/scans and /list/charges of a month: the newest first.';
COMMENT ON INDEX udi.scan_let_pass IS 'report.overrides: uses for review, the few that were let pass.';
COMMENT ON INDEX udi.decision_let_pass IS 'report.overrides: as scan_let_pass, of later decisions.';
COMMENT ON INDEX udi.scan_in_transit IS 'report.in_transit: moves to and from the way between stores.';
COMMENT ON INDEX udi.decision_in_transit IS 'report.in_transit: as scan_in_transit, of later decisions.';
COMMENT ON INDEX udi.scan_received IS 'udi.received_units: what suppliers ever brought to a store (orders that are on their way).';

COMMENT ON INDEX udi.credit_numbered_once IS 'A charge is credited in numbered steps, each once; what is left of a charge.';
COMMENT ON INDEX udi.ledger_of_encounter IS 'What an encounter was charged: reconciling, case proofs, the board''s case.';
COMMENT ON INDEX udi.ledger_charges_in_order IS 'udi.repriced: charges of an item page by page, when its price is told late.';
COMMENT ON INDEX udi.ledger_posted IS '/list/charges, month figures: entries since an instant. Entries come in the order of the column.';
COMMENT ON INDEX udi.settlement_by_line IS 'udi.statement_due, udi verify: the line that a reversal names.';
COMMENT ON INDEX udi.settlement_of_supplier IS 'udi statement: the lines of a supplier and month.';

COMMENT ON INDEX udi.open_scan_of_lane IS 'A lane at take-over: its halves that wait; udi.freed: its own that wait for a fact.';
COMMENT ON INDEX udi.open_scan_for_unit IS 'udi.freed: held uses of a serial whose earlier use was given back.';
COMMENT ON INDEX udi.open_scan_ambiguous IS 'udi.freed: labels that could be read in two ways, when an item tells which.';
COMMENT ON INDEX udi.open_scan_for_use IS 'udi.freed: returns that wait for their use.';
COMMENT ON INDEX udi.open_scan_by_identifier IS 'udi.freed, udi bind: what waits for an identifier.';
COMMENT ON INDEX udi.open_scan_by_encounter IS 'udi.freed, case proofs: what waits in an encounter.';
COMMENT ON INDEX udi.open_scan_waits IS '/list/parked, /list/held and the counts on the board: the longest first.';
COMMENT ON INDEX udi.set_aside_of_lane IS 'A lane''s scans whose next decision failed by its own fault, to be tried again.';
COMMENT ON INDEX udi.pair_of_rest IS 'Which half with an identifier a rest was joined to: udi pair undo, udi scan.';

COMMENT ON INDEX udi.control_by_version IS 'A version of the facts is one row; lanes read controls in this order.';
COMMENT ON INDEX udi.scanner_by_version IS 'A version of the facts is one row; lanes read scanner profiles in this order.';
COMMENT ON INDEX udi.catalogue_by_version IS 'A version of the facts is one row; lanes read items that have changed since theirs.';
COMMENT ON INDEX udi.fact_change_of_identifier IS 'udi trace: items that have, or had, an identifier.';

COMMENT ON INDEX udi.his_line_of_encounter IS 'Reconciling: the HIS''s lines of an encounter.';
COMMENT ON INDEX udi.his_line_of_day IS 'udi tie-out, month figures: the HIS''s lines by the day of service.';
COMMENT ON INDEX udi.finding_of_encounter IS 'Reconciling: what an encounter''s comparison had found before.';
COMMENT ON INDEX udi.finding_of_item IS 'udi.across_encounters: one charge missed here and extra there.';
COMMENT ON INDEX udi.finding_of_billing IS 'udi.across_encounters: a charge that the HIS has under another encounter.';
COMMENT ON INDEX udi.difference_of_encounter IS 'Case proofs, reconciling: every version of an encounter''s differences.';
COMMENT ON INDEX udi.difference_by_amount IS '/list/differences: the largest first.';
COMMENT ON INDEX udi.difference_standing_of_encounter IS 'Reconciling, case proofs: what stands in an encounter.';
COMMENT ON INDEX udi.difference_standing_of_item IS 'Reconciling: what stands between two encounters of an item.';

COMMENT ON INDEX udi.alert_of_cell IS 'The evaluator, findings, back-tests: alerts of a hospital''s month, scope and item.';
COMMENT ON INDEX udi.watch_finding_of_month IS '/list/findings, udi findings, the pack: findings of a hospital''s month.';
COMMENT ON INDEX udi.discharge_of_day IS 'Assessment, ratios, the pack: cases by the day of discharge.';

COMMENT ON INDEX udi.web_session_of_account IS 'Ending an account ends its sessions.';
COMMENT ON INDEX udi.purge_of_output IS 'How far the bodies of an output were let go.';
COMMENT ON INDEX udi.raw_purge_of_month IS 'Whether a month''s raw bytes were let go: udi.raw_bytes, udi verify --chain.';

-- The books. One row per scan, ledger entry, decision; what can be derived is not stored twice.
-- Money is whole fen, unit prices 1/10,000 yuan, quantities units of use, months yyyymm.
CREATE SCHEMA udi;
COMMENT ON SCHEMA udi IS 'The books of udistream. Outsiders read the views of schema report.';

CREATE TYPE udi.action AS ENUM ('use', 'return', 'opened', 'waste', 'receive', 'transfer', 'count', 'accept', 'lend', 'give-back', 'quarantine', 'clear');
CREATE TYPE udi.verdict AS ENUM ('billed', 'credited', 'recorded', 'waiting', 'parked', 'held', 'duplicate', 'conflict', 'refused');
CREATE TYPE udi.entry_kind AS ENUM ('charge', 'credit');

-- Input ---------------------------------------------------------------------------------------------------------

CREATE TABLE udi.position (
    position_id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cluster_id  text NOT NULL,
    topic       text NOT NULL,
    partition   integer NOT NULL,
    next_offset bigint NOT NULL DEFAULT 0,
    last_hash   bytea,
    UNIQUE (cluster_id, topic, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE udi.position IS 'How far each input partition is recorded; moved by compare-and-set in the transaction of the work.';
COMMENT ON COLUMN udi.position.last_hash IS 'Hash of the newest recorded record: a topic made anew under the same cluster id is noticed.';

CREATE TABLE udi.lane (
    lane             smallint PRIMARY KEY,
    version          bigint NOT NULL DEFAULT 0,
    facts_seen       bigint NOT NULL DEFAULT 0,
    billing_seq      bigint NOT NULL DEFAULT 0,
    verdicts_seq     bigint NOT NULL DEFAULT 0,
    settlement_seq   bigint NOT NULL DEFAULT 0,
    dead_letters_seq bigint NOT NULL DEFAULT 0,
    commands_done    bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
COMMENT ON TABLE udi.lane IS 'One row per partition of udi.scans: the only mutex of the lane, its outbox counters, and the facts it has re-decided its own rows for.';
COMMENT ON COLUMN udi.lane.version IS 'Counts the lane''s transactions; compare-and-set stops a worker that no longer owns the lane.';

CREATE TABLE udi.scan (
    position_id   smallint NOT NULL,
    record_offset bigint NOT NULL,
    lane          smallint NOT NULL,
    recorded_at   timestamptz NOT NULL,
    hospital      text NOT NULL,
    scan_id       uuid,
    device_id     text,
    boot          text,
    sequence      bigint,
    scanned_at    timestamptz,
    action        udi.action,
    entry         text,
    quantity      integer,
    store         text,
    to_store      text,
    department    text,
    encounter     text,
    operation     text,
    team          text,
    staff         text,
    corrects      uuid,
    explanation   text,
    issuer        text,
    di            text,
    lot           text,
    serial        text,
    expiry        date,
    production    date,
    verdict       udi.verdict NOT NULL,
    reasons       text[] NOT NULL,
    item_code     text,
    units         integer,
    owner         text,
    record_key    bytea,
    raw           bytea,
    label_flags   text[],
    document      text,
    place         text,
    from_place    text,
    to_place      text,
    cost          bigint,
    PRIMARY KEY (position_id, record_offset)
);
COMMENT ON TABLE udi.scan IS 'One row per input offset that is no tick: the event, its raw bytes, and its first decision. Append-only.';
COMMENT ON COLUMN udi.scan.owner IS 'Whose goods the first decision moved; null when it moved none. From and to follow from the action.';
COMMENT ON COLUMN udi.scan.from_place IS 'Where goods came from and, in to_place, went; null when that follows from the action and the store.';
COMMENT ON COLUMN udi.scan.cost IS 'What a unit that moved cost on the day, 1/10,000 yuan; null when nothing moved or no cost was in force.';
COMMENT ON COLUMN udi.scan.recorded_at IS 'The broker''s timestamp of the record.';
COMMENT ON COLUMN udi.scan.label_flags IS 'What was noticed while reading the label (docs/codes.md, "Flags"); null when nothing was.';
ALTER TABLE udi.scan ALTER COLUMN raw SET STORAGE EXTERNAL;
CREATE INDEX scan_of_encounter ON udi.scan (hospital, encounter) WHERE action IN ('use', 'return');
-- report.untraced: the few uses of tracked goods whose label did not say which.
CREATE INDEX scan_untraced ON udi.scan (position_id, record_offset) WHERE reasons && ARRAY['serial-missing', 'lot-missing'];
CREATE INDEX scan_of_device ON udi.scan (hospital, device_id, scanned_at);
CREATE INDEX scan_lot_uncertain ON udi.scan (issuer, di) WHERE 'lot-uncertain' = ANY (reasons);

CREATE TABLE udi.decision (
    position_id   smallint NOT NULL,
    record_offset bigint NOT NULL,
    n             smallint NOT NULL CHECK (n > 0),
    lane          smallint NOT NULL,
    decided_at    timestamptz NOT NULL,
    verdict       udi.verdict NOT NULL,
    reasons       text[] NOT NULL,
    issuer        text,
    di            text,
    lot           text,
    serial        text,
    expiry        date,
    production    date,
    item_code     text,
    units         integer,
    owner         text,
    label_flags   text[],
    takes_back    boolean NOT NULL,
    from_place    text,
    to_place      text,
    cost          bigint,
    PRIMARY KEY (position_id, record_offset, n)
);
CREATE INDEX decision_lot_uncertain ON udi.decision (issuer, di) WHERE 'lot-uncertain' = ANY (reasons);
COMMENT ON TABLE udi.decision IS 'Later decisions of a scan: a fact, a partner, a window or a person freed it. Append-only. The label columns hold the label as it was completed.';
COMMENT ON COLUMN udi.decision.takes_back IS 'Its move is the way back of what an earlier decision of the scan moved.';

-- Claims: rows that only one can insert -------------------------------------------------------------------------

CREATE TABLE udi.scan_claim (
    hospital      text NOT NULL,
    scan_id       uuid NOT NULL,
    position_id   smallint NOT NULL,
    record_offset bigint NOT NULL,
    fingerprint   bytea NOT NULL,
    CONSTRAINT scan_recorded_once PRIMARY KEY (hospital, scan_id)
);
COMMENT ON TABLE udi.scan_claim IS 'Scan ids that are recorded, by whom, and the fingerprint of the body: a repeated id is a duplicate or a conflict.';
CREATE TABLE udi.unit_claim (
    hospital      text NOT NULL,
    issuer        text NOT NULL,
    di            text NOT NULL,
    serial        text NOT NULL,
    position_id   smallint NOT NULL,
    record_offset bigint NOT NULL,
    CONSTRAINT unit_used_once PRIMARY KEY (hospital, issuer, di, serial)
);
COMMENT ON TABLE udi.unit_claim IS 'Units in use. Issuer and identifier are part of the identity: two makers may share a serial.';
CREATE TABLE udi.use_change (
    use_position smallint NOT NULL,
    use_offset   bigint NOT NULL,
    n            smallint NOT NULL CHECK (n > 0),
    units        integer NOT NULL CHECK (units >= 0),
    by_position  smallint NOT NULL,
    by_offset    bigint NOT NULL,
    CONSTRAINT use_change_numbered_once PRIMARY KEY (use_position, use_offset, n),
    CONSTRAINT own_change_takes_no_units CHECK ((units = 0) = ((use_position, use_offset) = (by_position, by_offset)))
);
COMMENT ON TABLE udi.use_change IS 'Change n of a use: a return with the units it took back, or, with 0 units, a decision of the use itself that touches its charge (re-rated, taken back by a person). Whoever credits a charge has numbered himself here first.';

-- Books ---------------------------------------------------------------------------------------------------------

CREATE TABLE udi.ledger (
    position_id     smallint NOT NULL,
    record_offset   bigint NOT NULL,
    n               smallint NOT NULL,
    kind            udi.entry_kind NOT NULL,
    billing_id      uuid NOT NULL,
    charge_position smallint,
    charge_offset   bigint,
    charge_n        smallint,
    credit_number   smallint,
    hospital        text NOT NULL,
    encounter       text NOT NULL,
    department      text,
    team            text,
    item_code       text NOT NULL,
    insurance_code  text,
    quantity        integer NOT NULL CHECK (quantity > 0),
    unit_price      bigint NOT NULL CHECK (unit_price >= 0),
    amount_fen      bigint NOT NULL CHECK (amount_fen >= 0),
    price_version   bigint NOT NULL,
    period          integer NOT NULL,
    posted_at       timestamptz NOT NULL,
    flags           text[] NOT NULL,
    recorded_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (position_id, record_offset, n),
    CONSTRAINT credit_names_its_charge CHECK ((kind = 'credit') = (charge_offset IS NOT NULL AND credit_number > 0))
);
COMMENT ON TABLE udi.ledger IS 'Charges and credits. Append-only; a mistake is corrected by an entry that names it.';
COMMENT ON COLUMN udi.ledger.recorded_at IS 'When the books knew it, by the database''s clock, read while the lane''s row was locked: whoever takes all lane rows FOR SHARE and then reads the clock sees everything up to that instant. posted_at is the broker''s timestamp of what caused it.';
CREATE UNIQUE INDEX credit_numbered_once ON udi.ledger (charge_position, charge_offset, charge_n, credit_number) WHERE kind = 'credit';
CREATE INDEX ledger_of_encounter ON udi.ledger (hospital, encounter);
CREATE INDEX ledger_charges_of_item ON udi.ledger (hospital, item_code) WHERE kind = 'charge';

CREATE TABLE udi.settlement (
    position_id      smallint NOT NULL,
    record_offset    bigint NOT NULL,
    n                smallint NOT NULL,
    line_id          uuid NOT NULL,
    reverses         uuid,
    hospital         text NOT NULL,
    supplier         text NOT NULL,
    scan_id          uuid NOT NULL,
    item_code        text NOT NULL,
    quantity         integer NOT NULL CHECK (quantity > 0),
    cost             bigint CHECK (cost >= 0),
    amount_fen       bigint CHECK (amount_fen >= 0),
    period           integer NOT NULL,
    status           text NOT NULL,
    recorded_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (position_id, record_offset, n)
);
COMMENT ON COLUMN udi.settlement.recorded_at IS 'As in udi.ledger.';
COMMENT ON TABLE udi.settlement IS 'Use-then-settle lines: what a supplier may invoice. cost in 1/10,000 yuan a unit; null when no cost was known on the day.';

CREATE TABLE udi.waste_cost (
    position_id   smallint NOT NULL,
    record_offset bigint NOT NULL,
    n             smallint NOT NULL,
    hospital      text NOT NULL,
    department    text,
    item_code     text NOT NULL,
    action        udi.action NOT NULL CHECK (action IN ('opened', 'waste')),
    explanation   text,
    units         integer NOT NULL CHECK (units > 0),
    cost          bigint CHECK (cost >= 0),
    amount_fen    bigint CHECK (amount_fen >= 0),
    period        integer NOT NULL,
    recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (position_id, record_offset, n),
    CHECK ((cost IS NULL) = (amount_fen IS NULL))
);
COMMENT ON TABLE udi.waste_cost IS 'What was opened and not used, or thrown away, by department: decision n of a scan. cost in 1/10,000 yuan a unit; null when no cost was known on the day. Append-only.';

CREATE TABLE udi.balance (
    hospital  text NOT NULL,
    store     text NOT NULL,
    item_code text NOT NULL,
    owner     text NOT NULL,
    lot       text NOT NULL,
    serial    text NOT NULL,
    lane      smallint NOT NULL,
    issuer    text NOT NULL,
    di        text NOT NULL,
    expiry    date,
    quantity  integer NOT NULL,
    PRIMARY KEY (hospital, store, item_code, owner, lot, serial, lane)
) WITH (fillfactor = 80);
COMMENT ON TABLE udi.balance IS 'Stock of a store by owner, item, lot and serial ('''' = none), one row per lane: lanes never wait for each other; the views sum them. May be negative.';
CREATE TABLE udi.store_item (
    hospital  text NOT NULL,
    store     text NOT NULL,
    item_code text NOT NULL,
    lane      smallint NOT NULL,
    quantity  bigint NOT NULL,
    PRIMARY KEY (hospital, store, item_code, lane)
) WITH (fillfactor = 70);
COMMENT ON TABLE udi.store_item IS 'The balances of an item in a store, summed: what the nurse is told is left.';

CREATE TABLE udi.usage_delta (
    lane       smallint NOT NULL,
    version    bigint NOT NULL,
    hospitals  text[] NOT NULL,
    departments text[] NOT NULL,
    items      text[] NOT NULL,
    months     integer[] NOT NULL,
    quantities integer[] NOT NULL,
    amounts    bigint[] NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (lane, version)
);
COMMENT ON TABLE udi.usage_delta IS 'Usage of one transaction, not yet folded into usage_month. Its rows are also the dirty keys of the alerts.';
COMMENT ON COLUMN udi.usage_delta.recorded_at IS 'The newest broker timestamp of what caused it: alerts that follow from it fired then.';
CREATE TABLE udi.usage_month (
    hospital   text NOT NULL,
    scope_type text NOT NULL,
    scope      text NOT NULL,
    item_code  text NOT NULL,
    month      integer NOT NULL,
    quantity   bigint NOT NULL,
    amount_fen bigint NOT NULL,
    -- In this order one index serves a cell, a scope's month and a hospital's month; beside a second one on (hospital, month) the
    -- planner read whole months for single cells while the table had no statistics (ten times slower).
    PRIMARY KEY (hospital, month, scope_type, scope, item_code)
) WITH (fillfactor = 70);
COMMENT ON TABLE udi.usage_month IS 'Usage folded from usage_delta, by scope: the hospital, or one department.';

CREATE TABLE udi.case_delta (
    reader      text NOT NULL CHECK (reader IN ('differences', 'proofs')),
    delta_id    bigint GENERATED ALWAYS AS IDENTITY,
    hospitals   text[] NOT NULL,
    encounters  text[] NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (reader, delta_id)
);
COMMENT ON TABLE udi.case_delta IS 'Dirty keys: encounters of which something changed, for each reader that must look at them again and then deletes the row. recorded_at is the newest broker timestamp of what caused it.';
CREATE FUNCTION udi.mark_cases(p_hospitals text[], p_encounters text[], p_recorded_at timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO udi.case_delta (reader, hospitals, encounters, recorded_at)
    SELECT reader, p_hospitals, p_encounters, p_recorded_at FROM unnest(ARRAY['differences', 'proofs']) reader
    WHERE cardinality(p_encounters) > 0
$$;
COMMENT ON FUNCTION udi.mark_cases IS 'Something of these encounters changed: reconcile them and prove them again. Called in the transaction of the change.';

CREATE TABLE udi.open_scan (
    position_id   smallint NOT NULL,
    record_offset bigint NOT NULL,
    lane          smallint NOT NULL,
    verdict       udi.verdict NOT NULL,
    reason        text NOT NULL,
    action        udi.action NOT NULL,
    hospital      text NOT NULL,
    issuer        text,
    di            text,
    serial        text,
    item_code     text,
    encounter     text,
    since         timestamptz NOT NULL,
    PRIMARY KEY (position_id, record_offset)
);
COMMENT ON TABLE udi.open_scan IS 'Scans that wait: half a label, a missing fact, a person. Each lane re-decides its own and nobody else''s.';
CREATE INDEX open_scan_of_lane ON udi.open_scan (lane, verdict);
CREATE INDEX open_scan_for_unit ON udi.open_scan (lane) WHERE reason = 'serial-used';
CREATE INDEX open_scan_ambiguous ON udi.open_scan (lane) WHERE reason = 'ambiguous-code';
CREATE INDEX open_scan_for_use ON udi.open_scan (lane) WHERE action = 'return';
CREATE INDEX open_scan_by_identifier ON udi.open_scan (hospital, issuer, di);
CREATE INDEX open_scan_by_encounter ON udi.open_scan (hospital, encounter);

CREATE TABLE udi.outbox_block (
    topic     text NOT NULL,
    partition smallint NOT NULL,
    first_seq bigint NOT NULL,
    last_seq  bigint NOT NULL,
    ids       uuid[] NOT NULL,
    keys      bytea[] NOT NULL,
    bodies    bytea[] NOT NULL,
    reasons   text[],
    origins   text[],
    arrived_at timestamptz,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (topic, partition, first_seq),
    CHECK (last_seq - first_seq + 1 = cardinality(ids) AND cardinality(ids) = cardinality(keys) AND cardinality(keys) = cardinality(bodies))
);
COMMENT ON TABLE udi.outbox_block IS 'What the relay publishes, one block per transaction and topic; sequence numbers have no gaps. arrived_at is the broker timestamp of the oldest record that caused it.';
ALTER TABLE udi.outbox_block ALTER COLUMN bodies SET STORAGE EXTERNAL, ALTER COLUMN keys SET STORAGE EXTERNAL, ALTER COLUMN ids SET STORAGE EXTERNAL;

-- Facts ---------------------------------------------------------------------------------------------------------

CREATE TABLE udi.fact_counter (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version  bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE udi.fact_counter IS 'The version of the newest fact; its row lock makes fact_change gapless.';
INSERT INTO udi.fact_counter DEFAULT VALUES;
CREATE TABLE udi.fact_change (
    version     bigint PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('item', 'encounter', 'shape', 'scanner', 'recall', 'control', 'store', 'delivery')),
    hospital    text NOT NULL,
    code        text NOT NULL,
    issuers     text[] NOT NULL DEFAULT '{}',
    dis         text[] NOT NULL DEFAULT '{}',
    recorded_at timestamptz NOT NULL,
    repriced_from date,
    repriced_to   date
);
COMMENT ON COLUMN udi.fact_change.repriced_from IS 'The local days, up to before repriced_to, on which the prices of a known item have changed; null when they have not.';
COMMENT ON TABLE udi.fact_change IS 'Changes of what decisions rest on (catalogue, encounters, learned shapes, scanner profiles) in a gapless order (fact_counter is locked by the writer): lanes pull what came after the version they have seen.';
CREATE TABLE udi.control (
    hospital    text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('breaker', 'quota', 'ceiling', 'approval')),
    key         text NOT NULL,
    version     bigint NOT NULL,
    body        jsonb NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (hospital, kind, key, version)
);
COMMENT ON TABLE udi.control IS 'What a hospital has decided about charging certain goods (models.charging.controls): every version of every circuit breaker, quota, price ceiling and approval, append-only; the newest holds.';
CREATE UNIQUE INDEX control_by_version ON udi.control (version);
CREATE TABLE udi.catalogue (
    hospital    text NOT NULL,
    item_code   text NOT NULL,
    version     bigint NOT NULL,
    body        bytea NOT NULL,
    ended_at    timestamptz,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (hospital, item_code, version)
);
COMMENT ON TABLE udi.catalogue IS 'Every version of every item as it came (body), append-only; a tombstone is a version with ended_at.';
CREATE UNIQUE INDEX catalogue_by_version ON udi.catalogue (version);
CREATE TABLE udi.encounter (
    hospital      text NOT NULL,
    encounter     text NOT NULL,
    version       bigint NOT NULL,
    department    text,
    team          text,
    ward          text,
    admitted_at   timestamptz NOT NULL,
    discharged_at timestamptz,
    settled_at    timestamptz,
    drg_group     text,
    drg_weight    numeric,
    main_disease  text,
    recorded_at   timestamptz NOT NULL,
    PRIMARY KEY (hospital, encounter, version)
);
COMMENT ON TABLE udi.encounter IS 'Every version of every encounter, append-only; the newest holds.';

-- Periods and alerts --------------------------------------------------------------------------------------------

CREATE TABLE udi.hospital_policy (
    hospital               text NOT NULL,
    n                      integer NOT NULL CHECK (n > 0),
    return_clock_tolerance interval NOT NULL CHECK (return_clock_tolerance BETWEEN interval '0' AND interval '1 day'),
    by                     text NOT NULL,
    reason                 text NOT NULL,
    at                     timestamptz NOT NULL,
    PRIMARY KEY (hospital, n)
);
COMMENT ON TABLE udi.hospital_policy IS 'What a hospital has set for its decisions, the newest n counts; without a row the defaults of models/policy.py hold. Append-only.';
CREATE FUNCTION udi.return_clock_tolerance(p_hospital text) RETURNS interval LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT p.return_clock_tolerance FROM udi.hospital_policy p WHERE p.hospital = p_hospital ORDER BY p.n DESC LIMIT 1), interval '5 minutes'
    )
$$;

CREATE TABLE udi.period (
    hospital       text PRIMARY KEY,
    closed_through integer NOT NULL
);
COMMENT ON TABLE udi.period IS 'The newest closed month of a hospital. Lanes hold its advisory lock shared while they record, the close takes it alone.';
CREATE TABLE udi.period_close (
    hospital  text NOT NULL,
    month     integer NOT NULL,
    closed_at timestamptz NOT NULL,
    PRIMARY KEY (hospital, month)
);
CREATE TABLE udi.forced_close (
    hospital text NOT NULL,
    month    integer NOT NULL,
    by       text NOT NULL CHECK (by <> ''),
    reason   text NOT NULL CHECK (reason <> ''),
    at       timestamptz NOT NULL,
    PRIMARY KEY (hospital, month)
);
COMMENT ON TABLE udi.forced_close IS 'Who closed a month before it was over at the hospital, and why. Append-only.';
COMMENT ON TABLE udi.period_close IS 'Which month was closed when. Append-only.';
CREATE TABLE udi.alert (
    alert_id       uuid NOT NULL,
    version        integer NOT NULL CHECK (version > 0),
    hospital       text NOT NULL,
    scope_type     text NOT NULL,
    scope          text NOT NULL,
    rule           text NOT NULL,
    item_code      text NOT NULL,
    month          integer NOT NULL,
    measure        text NOT NULL CHECK (measure IN ('amount', 'quantity')),
    provisional    boolean NOT NULL,
    value          bigint NOT NULL,
    base_month     integer,
    base_value     bigint,
    change_percent numeric,
    rank           integer,
    months_in_a_row integer,
    cause          jsonb NOT NULL,
    status         text NOT NULL CHECK (status IN ('provisional', 'fired', 'withdrawn', 'explained')),
    fired_at       timestamptz NOT NULL,
    PRIMARY KEY (alert_id, version)
);
CREATE INDEX alert_of_cell ON udi.alert (hospital, month, scope_type, scope, item_code);
COMMENT ON TABLE udi.alert IS 'Every version of every alert, append-only. value and base_value: fen for amount, units for quantity.';

CREATE TABLE udi.topic_counter (
    topic     text NOT NULL,
    partition smallint NOT NULL,
    last_seq  bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE udi.topic_counter IS 'The outbox counters of the topics that are no lane''s (alerts, cases); a lane''s are in udi.lane. Whoever writes records of such a topic holds its row until the end of his transaction, so that sequence numbers have no gaps.';
CREATE TABLE udi.lease (
    name   text PRIMARY KEY,
    holder uuid NOT NULL,
    until  timestamptz NOT NULL
);
COMMENT ON TABLE udi.lease IS 'Who works alone on something, until when by the database''s clock. A lease avoids quarrels; correctness never rests on it.';
CREATE TABLE udi.relay_floor (
    cluster_id text NOT NULL,
    topic      text NOT NULL,
    partition  smallint NOT NULL,
    seq        bigint NOT NULL,
    PRIMARY KEY (cluster_id, topic, partition)
);
COMMENT ON TABLE udi.relay_floor IS 'The last published sequence number by output partition, moved lazily: for a topic that retention has emptied.';

-- What must never happen is refused here too --------------------------------------------------------------------

CREATE FUNCTION udi.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Expected new rows only: % is append-only.', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
DO $$
DECLARE book text;
BEGIN
    FOREACH book IN ARRAY ARRAY['scan', 'decision', 'ledger', 'settlement', 'waste_cost', 'alert', 'catalogue', 'control', 'encounter', 'period_close', 'hospital_policy', 'forced_close'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.%I FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change()', book);
    END LOOP;
END $$;

CREATE FUNCTION udi.check_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM entered e JOIN udi.period p USING (hospital) WHERE e.period <= p.closed_through) THEN
        RAISE EXCEPTION 'Expected an open period.' USING ERRCODE = 'check_violation', CONSTRAINT = 'closed_month_gets_no_rows';
    END IF;
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT charge_position, charge_offset, charge_n FROM entered WHERE kind = 'credit') touched
        CROSS JOIN LATERAL (
            SELECT sum(c.amount_fen) AS amount_fen, sum(c.quantity) AS quantity FROM udi.ledger c
            WHERE c.kind = 'credit' AND c.charge_position = touched.charge_position
              AND c.charge_offset = touched.charge_offset AND c.charge_n = touched.charge_n
        ) credits
        LEFT JOIN udi.ledger charge ON charge.position_id = touched.charge_position
            AND charge.record_offset = touched.charge_offset AND charge.n = touched.charge_n AND charge.kind = 'charge'
        WHERE charge.n IS NULL OR credits.amount_fen > charge.amount_fen OR credits.quantity > charge.quantity
    ) THEN
        RAISE EXCEPTION 'Expected credits within their charge.' USING ERRCODE = 'check_violation', CONSTRAINT = 'credits_within_charge';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER check_ledger AFTER INSERT ON udi.ledger REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION udi.check_ledger();

CREATE TABLE udi.installation (
    only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    topic_prefix text NOT NULL,
    lanes        smallint NOT NULL CHECK (lanes > 0),
    zone         text NOT NULL
);
COMMENT ON TABLE udi.installation IS 'What was fixed at udi init and may not change under the books.';

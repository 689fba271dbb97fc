-- Counts of shelves: started, counted by scans alone, posted with a reason. What differs is booked by scans `missing` and `found` of their own.

ALTER TYPE udi.action ADD VALUE 'missing';
ALTER TYPE udi.action ADD VALUE 'found';

CREATE TABLE udi.stock_count (
    hospital   text NOT NULL,
    document   text NOT NULL,
    store      text NOT NULL,
    place      text,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_by text NOT NULL CHECK (started_by <> ''),
    PRIMARY KEY (hospital, document)
);
COMMENT ON TABLE udi.stock_count IS 'A count of one shelf: a store''s, or of one of its rooms, cabinets or carts (place). Append-only.';
CREATE TABLE udi.count_open (
    hospital text NOT NULL,
    shelf    text NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (hospital, shelf),
    FOREIGN KEY (hospital, document) REFERENCES udi.stock_count
);
COMMENT ON TABLE udi.count_open IS 'The count of a shelf that has not ended: one at a time, or a difference would be booked twice.';
CREATE TABLE udi.count_end (
    hospital    text NOT NULL,
    document    text NOT NULL,
    posted      boolean NOT NULL,
    ended_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    by          text NOT NULL CHECK (by <> ''),
    approved_by text CHECK (approved_by <> ''),
    reason      text NOT NULL CHECK (reason <> ''),
    PRIMARY KEY (hospital, document),
    FOREIGN KEY (hospital, document) REFERENCES udi.stock_count,
    CONSTRAINT approved_by_another CHECK (approved_by <> by)
);
COMMENT ON TABLE udi.count_end IS 'Who posted a count, or cancelled it (posted is false), and why; approved_by where its differences were above the limit. Append-only.';
CREATE TABLE udi.count_line (
    hospital   text NOT NULL,
    document   text NOT NULL,
    line       integer NOT NULL CHECK (line > 0),
    item_code  text NOT NULL,
    owner      text NOT NULL,
    issuer     text NOT NULL,
    di         text NOT NULL,
    lot        text NOT NULL,
    serial     text NOT NULL,
    expiry     date,
    expected   bigint NOT NULL,
    counted    bigint NOT NULL CHECK (counted >= 0),
    cost       bigint,
    counted_at timestamptz NOT NULL,
    findings   text[] NOT NULL,
    elsewhere  text,
    scans      uuid[] NOT NULL,
    scan_id    uuid,
    action     text CHECK (action IN ('missing', 'found')),
    units      integer CHECK (units > 0),
    PRIMARY KEY (hospital, document, line),
    FOREIGN KEY (hospital, document) REFERENCES udi.count_end,
    CONSTRAINT goods_once UNIQUE (hospital, document, item_code, lot, serial, owner),
    CONSTRAINT booked_is_the_difference CHECK (
        (scan_id IS NULL AND action IS NULL AND units IS NULL)
        OR (scan_id IS NOT NULL AND CASE action WHEN 'found' THEN units WHEN 'missing' THEN -units END = counted - expected)
    )
);
COMMENT ON TABLE udi.count_line IS 'A line of a posted count; where its difference is booked, by which scan. lot and serial '''' when not known; cost in 1/10,000 yuan; scans: those that counted it. Append-only.';
CREATE UNIQUE INDEX count_line_of_scan ON udi.count_line (hospital, scan_id) WHERE scan_id IS NOT NULL;
COMMENT ON INDEX udi.count_line_of_scan IS 'Lanes: what a scan that books a difference of a count is to book; a scan books one line.';
CREATE TABLE udi.count_booked (
    hospital text NOT NULL,
    document text NOT NULL,
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (hospital, document),
    FOREIGN KEY (hospital, document) REFERENCES udi.count_end
);
COMMENT ON TABLE udi.count_booked IS 'Posted counts of which every difference is recorded: nobody publishes them again. Append-only.';
CREATE TABLE udi.count_policy (
    hospital      text NOT NULL,
    n             integer NOT NULL CHECK (n > 0),
    value_fen     bigint NOT NULL CHECK (value_fen >= 0),
    lines_percent integer NOT NULL CHECK (lines_percent BETWEEN 0 AND 100),
    by            text NOT NULL CHECK (by <> ''),
    reason        text NOT NULL CHECK (reason <> ''),
    at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (hospital, n)
);
COMMENT ON TABLE udi.count_policy IS 'Above what differences of a count a hospital wants another person''s approval; the newest n holds, without a row models/policy.py. Append-only.';

CREATE INDEX scan_of_count ON udi.scan (hospital, document) WHERE action = 'count';
COMMENT ON INDEX udi.scan_of_count IS 'udi count show: the scans of a count, and those that name none.';

-- Every scan of a count, with why it counts in none. What a person took back and the second half of a label count in none either, and need nothing.
CREATE VIEW report.count_scans AS
SELECT n.hospital, n.document, n.scan_id, n.device_id, n.staff, n.scanned_at, n.store, n.place, n.item_code, n.issuer, n.di, n.lot, n.serial, n.expiry,
       n.units AS quantity, n.verdict::text AS verdict, n.reasons,
       CASE WHEN n.reasons && ARRAY['rejected', 'corrected'] OR (n.verdict = 'recorded' AND n.units IS NULL) THEN NULL
            WHEN n.document IS NULL THEN 'no-document'
            WHEN c.document IS NULL THEN 'unknown-document'
            WHEN (n.store, coalesce(n.place, '')) <> (c.store, coalesce(c.place, '')) THEN 'other-place'
            WHEN n.verdict IN ('waiting', 'parked', 'held') THEN 'waits'
            WHEN e.posted AND NOT EXISTS (
                SELECT FROM udi.count_line l WHERE (l.hospital, l.document) = (n.hospital, n.document) AND n.scan_id = ANY (l.scans)
            ) THEN 'after-post' END AS finding
FROM udi.scan_now n
JOIN udi.scan_claim k ON (k.hospital, k.scan_id, k.position_id, k.record_offset) = (n.hospital, n.scan_id, n.position_id, n.record_offset)
LEFT JOIN udi.stock_count c ON (c.hospital, c.document) = (n.hospital, n.document)
LEFT JOIN udi.count_end e ON (e.hospital, e.document) = (n.hospital, n.document)
WHERE n.action = 'count';

CREATE VIEW report.counts AS
SELECT l.hospital, l.document, c.store, c.place, l.line, l.item_code, l.owner, l.issuer, l.di, nullif(l.lot, '') AS lot, nullif(l.serial, '') AS serial,
       l.expiry, l.expected, l.counted, l.counted - l.expected AS difference, udi.yuan_price(l.cost) AS cost,
       udi.yuan(round((l.counted - l.expected) * l.cost / 100.0)::bigint) AS value, e.reason, l.findings, l.elsewhere, l.counted_at, c.started_at, c.started_by,
       e.ended_at AS posted_at, e.by AS posted_by, e.approved_by, l.scan_id,
       CASE WHEN s.owner IS NOT NULL THEN md5(concat_ws('/', l.hospital, l.scan_id, 0, 'move'))::uuid END AS move_id
FROM udi.count_line l
JOIN udi.stock_count c USING (hospital, document)
JOIN udi.count_end e USING (hospital, document)
LEFT JOIN udi.scan_claim k ON (k.hospital, k.scan_id) = (l.hospital, l.scan_id)
LEFT JOIN udi.scan s ON (s.position_id, s.record_offset) = (k.position_id, k.record_offset);

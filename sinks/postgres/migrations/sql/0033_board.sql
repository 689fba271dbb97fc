-- What the board opens, who signs in from elsewhere, and what went through by a badge at the terminal.

-- Charges of a month, wherever they lie: entries come in the order of this column, so a few pages of index do.
CREATE INDEX ledger_posted ON udi.ledger USING brin (posted_at) WITH (pages_per_range = 32, autosummarize = on);

ALTER TABLE udi.account
    ADD COLUMN issuer text,
    ADD COLUMN subject text,
    ADD CONSTRAINT account_of_issuer_once UNIQUE (issuer, subject),
    ADD CONSTRAINT account_issuer_names_subject CHECK ((issuer IS NULL) = (subject IS NULL));
COMMENT ON COLUMN udi.account.issuer IS 'The identity provider that vouches for the person; null of an account with a password of ours.';
COMMENT ON COLUMN udi.account.subject IS 'Who the person is to that provider; stays when the name changes.';

CREATE OR REPLACE VIEW report.accounts AS
SELECT hospital, name, roles, locked_until, added_by, added_at, ended_by, ended_at, issuer FROM udi.account;

CREATE OR REPLACE VIEW report.overrides AS
SELECT n.hospital, n.scan_id, n.scanned_at, n.item_code, n.department, n.store, n.encounter, n.staff, n.units AS quantity, n.verdict::text AS verdict, n.reasons,
       coalesce(raw.body -> 'override' ->> 'badge', later.badge) AS badge, coalesce(raw.body -> 'override' ->> 'reason', later.reason) AS reason
FROM udi.scan_now n
JOIN udi.scan s USING (position_id, record_offset)
CROSS JOIN LATERAL (SELECT convert_from(s.raw, 'UTF8')::jsonb AS body) raw
LEFT JOIN LATERAL (
    SELECT c.body ->> 'badge' AS badge, c.reason FROM udi.command c JOIN udi.command_outcome o USING (lane, seq)
    WHERE (c.hospital, c.scan_id, c.kind) = (n.hospital, n.scan_id, 'override') AND o.done ORDER BY c.seq LIMIT 1
) later ON true
WHERE n.reasons && ARRAY['overridden', 'breaker-trial'];

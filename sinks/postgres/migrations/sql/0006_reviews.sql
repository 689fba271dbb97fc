-- Reviews of findings: every step an entry, none changed or deleted.

CREATE TABLE udi.review_entry (
    finding  uuid NOT NULL,
    n        integer NOT NULL CHECK (n > 0),
    hospital text NOT NULL,
    at       timestamptz NOT NULL,
    by       text NOT NULL CHECK (by <> ''),
    kind     text NOT NULL CHECK (kind IN ('assign', 'opinion', 'talk', 'warn', 'receipt', 'break', 'reselect', 'effect', 'close', 'reopen')),
    state    text NOT NULL CHECK (state IN ('new', 'assigned', 'reviewed', 'acted', 'closed')),
    text     text NOT NULL,
    owner    text,
    due_on   date,
    voice    text CHECK (voice IN ('quality', 'medical', 'insurance', 'inside-expert', 'outside-expert')),
    vote     text CHECK (vote IN ('justified', 'doubtful', 'unjustified')),
    effect   jsonb,
    PRIMARY KEY (finding, n),
    CHECK ((owner IS NOT NULL) = (kind = 'assign')),
    CHECK ((vote IS NOT NULL) = (kind = 'opinion') AND (voice IS NOT NULL) = (kind = 'opinion'))
);
COMMENT ON TABLE udi.review_entry IS 'Every step of every review of a finding, numbered, append-only. state: after the step. effect: the measured use before and after, in yuan.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.review_entry FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change();

CREATE VIEW report.reviews AS
SELECT e.hospital, e.finding, f.item_code, udi.month_text(f.month) AS month, assigned.owner, assigned.due_on, newest.state,
       CASE WHEN newest.state = 'closed' THEN closed.text END AS outcome, first.found_at AS opened_at, acted.at AS acted_at,
       CASE WHEN newest.state = 'closed' THEN closed.at END AS closed_at,
       round((extract(epoch FROM acted.at - first.found_at) / 86400)::numeric, 1) AS days_to_action
FROM (SELECT DISTINCT hospital, finding FROM udi.review_entry) e
JOIN udi.watch_finding_now f USING (finding)
CROSS JOIN LATERAL (SELECT v.found_at FROM udi.watch_finding v WHERE v.finding = e.finding ORDER BY v.version LIMIT 1) first
CROSS JOIN LATERAL (SELECT s.state FROM udi.review_entry s WHERE s.finding = e.finding ORDER BY s.n DESC LIMIT 1) newest
LEFT JOIN LATERAL (SELECT s.owner, s.due_on FROM udi.review_entry s WHERE s.finding = e.finding AND s.kind = 'assign' ORDER BY s.n DESC LIMIT 1) assigned ON true
LEFT JOIN LATERAL (
    SELECT s.at FROM udi.review_entry s WHERE s.finding = e.finding AND s.kind IN ('talk', 'warn', 'break', 'reselect') ORDER BY s.n LIMIT 1
) acted ON true
LEFT JOIN LATERAL (SELECT s.at, s.text FROM udi.review_entry s WHERE s.finding = e.finding AND s.kind = 'close' ORDER BY s.n DESC LIMIT 1) closed ON true;
COMMENT ON VIEW report.reviews IS 'Findings that somebody looks at, with the days from the finding to the first intervention.';

CREATE VIEW report.review_entries AS
SELECT hospital, finding, n, at, by, kind, state, text, owner, due_on, voice, vote, effect FROM udi.review_entry;

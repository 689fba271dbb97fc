-- Monitoring rules as dated data. A version never changes; who switched what on or off, from which month, is a row of its own.

CREATE TABLE udi.rule (
    hospital          text NOT NULL,
    rule              text NOT NULL,
    version           integer NOT NULL CHECK (version > 0),
    kind              text NOT NULL CHECK (kind IN ('growth', 'new-item', 'rank', 'share', 'price-drift')),
    measures          text[] NOT NULL CHECK (measures <@ ARRAY['amount', 'quantity'] AND cardinality(measures) > 0),
    scopes            text[] NOT NULL CHECK (scopes <@ ARRAY['hospital', 'department', 'store', 'team'] AND cardinality(scopes) > 0),
    population        text NOT NULL,
    base              text CHECK (base IN ('month', 'year', 'three-months')),
    threshold_percent numeric CHECK (threshold_percent > 0),
    rank_max          integer CHECK (rank_max > 0),
    months            integer CHECK (months > 0),
    floor_quantity    integer NOT NULL CHECK (floor_quantity >= 0),
    floor_fen         bigint NOT NULL CHECK (floor_fen >= 0),
    open_from_fen     bigint CHECK (open_from_fen >= 0),
    drafted_by        text NOT NULL,
    reason            text NOT NULL,
    drafted_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (hospital, rule, version)
);
COMMENT ON TABLE udi.rule IS 'Every version of every monitoring rule, append-only. hospital * holds for every hospital without a rule of its own of that name. Floors: units and fen of the base (of a new item: of the value).';
CREATE TABLE udi.rule_switch (
    hospital   text NOT NULL,
    rule       text NOT NULL,
    n          integer NOT NULL CHECK (n > 0),
    version    integer NOT NULL,
    is_on      boolean NOT NULL,
    from_month integer NOT NULL,
    by         text NOT NULL,
    reason     text NOT NULL CHECK (reason <> ''),
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (hospital, rule, n),
    FOREIGN KEY (hospital, rule, version) REFERENCES udi.rule
);
COMMENT ON TABLE udi.rule_switch IS 'Who switched a version of a rule on or off, from which month on (0: from the beginning), and why. Append-only; a later row overrules an earlier one from its month on.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.rule FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.rule_switch FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change();

CREATE VIEW udi.rule_span AS
SELECT s.hospital, s.rule, s.version, nullif(s.from_month, 0) AS valid_from, later.from_month AS valid_to, s.by, s.reason
FROM udi.rule_switch s
CROSS JOIN LATERAL (
    SELECT min(l.from_month) AS from_month FROM udi.rule_switch l WHERE (l.hospital, l.rule) = (s.hospital, s.rule) AND l.n > s.n
) later
WHERE s.is_on AND (later.from_month IS NULL OR later.from_month > s.from_month);
COMMENT ON VIEW udi.rule_span IS 'The months a version of a rule holds for: from valid_from (null: the beginning) to before valid_to (null: open).';

CREATE VIEW report.rules AS
SELECT r.hospital, r.rule, r.version, r.kind, array_to_string(r.measures, ',') AS measure, r.scopes, r.population, r.base, r.threshold_percent, r.rank_max,
       r.months, r.floor_quantity, udi.yuan(r.floor_fen) AS floor_amount, udi.yuan(r.open_from_fen) AS open_from_amount,
       udi.month_text(s.valid_from) AS valid_from, udi.month_text(s.valid_to) AS valid_to,
       CASE WHEN newest.n IS NULL THEN 'draft' WHEN s.version IS NOT NULL AND s.valid_to IS NULL THEN 'on' ELSE 'off' END AS status,
       coalesce(newest.by, r.drafted_by) AS decided_by, coalesce(newest.reason, r.reason) AS reason
FROM udi.rule r
LEFT JOIN udi.rule_span s USING (hospital, rule, version)
LEFT JOIN LATERAL (
    SELECT w.n, w.by, w.reason FROM udi.rule_switch w WHERE (w.hospital, w.rule, w.version) = (r.hospital, r.rule, r.version) ORDER BY w.n DESC LIMIT 1
) newest ON true;
COMMENT ON VIEW report.rules IS 'Rules with the months they hold for; a version that was switched on again later has a row for each span.';

INSERT INTO udi.rule (hospital, rule, version, kind, measures, scopes, population, base, threshold_percent, rank_max, months, floor_quantity, floor_fen, open_from_fen, drafted_by, reason)
VALUES
    ('*', 'growth-month-on-month', 1, 'growth', '{amount,quantity}', '{hospital,department}', 'monitored', 'month', 20, NULL, NULL, 5, 100000, NULL, 'udistream', 'Gansu study, table 2'),
    ('*', 'growth-year-on-year', 1, 'growth', '{amount,quantity}', '{hospital,department}', 'monitored', 'year', 20, NULL, NULL, 5, 100000, NULL, 'udistream', 'Gansu study, table 2'),
    ('*', 'top-three-three-months', 1, 'rank', '{amount,quantity}', '{hospital,department}', 'monitored', NULL, NULL, 3, 3, 0, 0, NULL, 'udistream', 'Gansu study, table 2'),
    ('*', 'new-item', 1, 'new-item', '{amount,quantity}', '{hospital,department}', 'monitored', 'month', NULL, NULL, NULL, 5, 100000, 5000000, 'udistream', 'A rise from zero has no percentage');
INSERT INTO udi.rule_switch (hospital, rule, n, version, is_on, from_month, by, reason)
SELECT hospital, rule, 1, version, true, 0, drafted_by, reason FROM udi.rule;

CREATE FUNCTION udi.draft_rule(
    p_hospital text, p_rule text, p_kind text, p_measures text[], p_scopes text[], p_population text, p_base text, p_threshold numeric,
    p_rank_max integer, p_months integer, p_floor_quantity integer, p_floor_fen bigint, p_open_from_fen bigint, p_by text, p_reason text
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE n integer;
BEGIN
    -- Versions of a rule are numbered one after the other.
    PERFORM pg_advisory_xact_lock(1974, hashtext(p_hospital || '/' || p_rule));
    SELECT coalesce(max(version), 0) + 1 INTO n FROM udi.rule WHERE (hospital, rule) = (p_hospital, p_rule);
    INSERT INTO udi.rule (hospital, rule, version, kind, measures, scopes, population, base, threshold_percent, rank_max, months, floor_quantity, floor_fen, open_from_fen, drafted_by, reason)
    VALUES (p_hospital, p_rule, n, p_kind, p_measures, p_scopes, p_population, p_base, p_threshold, p_rank_max, p_months, p_floor_quantity, p_floor_fen, p_open_from_fen, p_by, p_reason);
    RETURN n;
END $$;
COMMENT ON FUNCTION udi.draft_rule IS 'A new version of a rule, as a draft; gives its number.';

CREATE FUNCTION udi.switch_rule(p_hospital text, p_rule text, p_version integer, p_on boolean, p_from integer, p_by text, p_reason text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    following integer;
    closed integer;
BEGIN
    PERFORM pg_advisory_xact_lock(1974, hashtext(p_hospital || '/' || p_rule));
    SELECT max(closed_through) INTO closed FROM udi.period WHERE p_hospital IN ('*', hospital);
    IF p_from <= closed THEN
        RAISE EXCEPTION 'Expected a month after % (it is closed and judged), got %.', udi.month_text(closed), udi.month_text(p_from) USING ERRCODE = 'UD005';
    END IF;
    IF NOT EXISTS (SELECT FROM udi.rule WHERE (hospital, rule, version) = (p_hospital, p_rule, p_version)) THEN
        RAISE EXCEPTION 'Expected a version of the rule % that is there, got %.', p_rule, p_version USING ERRCODE = 'UD005';
    END IF;
    SELECT coalesce(max(s.n), 0) + 1 INTO following FROM udi.rule_switch s WHERE (s.hospital, s.rule) = (p_hospital, p_rule);
    INSERT INTO udi.rule_switch (hospital, rule, n, version, is_on, from_month, by, reason)
    VALUES (p_hospital, p_rule, following, p_version, p_on, p_from, p_by, p_reason);
END $$;
COMMENT ON FUNCTION udi.switch_rule IS 'Switches a version of a rule on or off from a month on. Months that are closed stay as they were judged (UD005).';

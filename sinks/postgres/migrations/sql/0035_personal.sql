-- An identity number that somebody has typed or scanned into a reason or a correction is not readable in the views of these.

CREATE FUNCTION udi.masked(p_text text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    weights constant integer[] := ARRAY[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    found   text;
    digits  text;
    total   integer;
BEGIN
    FOR found IN
        SELECT m[1] FROM regexp_matches(p_text, '(?:(?<![0-9])|(?<=\][A-Za-z][0-9])|(?<=\\[0-9]{6}))([1-9][0-9]{5}[ -]?(?:18|19|20)[0-9]{6}[ -]?[0-9]{3}[0-9Xx])(?![0-9])', 'g') m
    LOOP
        digits := translate(found, ' -', '');
        SELECT sum(substr(digits, place, 1)::integer * weights[place]) INTO total FROM generate_series(1, 17) place;
        CONTINUE WHEN substr('10X98765432', total % 11 + 1, 1) <> upper(right(digits, 1));
        BEGIN
            PERFORM make_date(substr(digits, 7, 4)::integer, substr(digits, 11, 2)::integer, substr(digits, 13, 2)::integer);
        EXCEPTION WHEN datetime_field_overflow THEN
            CONTINUE;
        END;
        p_text := replace(p_text, found, left(found, 3) || repeat('*', length(found) - 3));
    END LOOP;
    RETURN p_text;
END $$;
COMMENT ON FUNCTION udi.masked IS 'The text with every identity number (GB 11643) in it unreadable but for its first digits; as models.udi.personal.';

CREATE OR REPLACE VIEW report.overrides AS
SELECT n.hospital, n.scan_id, n.scanned_at, n.item_code, n.department, n.store, n.encounter, n.staff, n.units AS quantity, n.verdict::text AS verdict, n.reasons,
       udi.masked(coalesce(raw.body -> 'override' ->> 'badge', later.badge)) AS badge,
       udi.masked(coalesce(raw.body -> 'override' ->> 'reason', later.reason)) AS reason
FROM udi.scan_now n
JOIN udi.scan s USING (position_id, record_offset)
CROSS JOIN LATERAL (SELECT convert_from(s.raw, 'UTF8')::jsonb AS body) raw
LEFT JOIN LATERAL (
    SELECT c.body ->> 'badge' AS badge, c.reason FROM udi.command c JOIN udi.command_outcome o USING (lane, seq)
    WHERE (c.hospital, c.scan_id, c.kind) = (n.hospital, n.scan_id, 'override') AND o.done ORDER BY c.seq LIMIT 1
) later ON true
WHERE n.reasons && ARRAY['overridden', 'breaker-trial'];

CREATE OR REPLACE VIEW report.corrections AS
SELECT c.hospital, c.scan_id, k.scan_id AS corrected_by, udi.masked(c.body::text)::jsonb AS correction, c.by, udi.masked(c.reason) AS reason, c.accepted_at,
       k.recorded_at
FROM udi.command c JOIN udi.command_outcome o USING (lane, seq) LEFT JOIN udi.correction k USING (lane, seq)
WHERE c.kind = 'correct' AND o.done;

CREATE OR REPLACE VIEW report.commands AS
SELECT c.hospital, c.lane, c.seq, c.kind, c.scan_id, udi.masked(c.body::text)::jsonb AS body, c.by, udi.masked(c.reason) AS reason, c.accepted_at, o.done,
       o.detail
FROM udi.command c LEFT JOIN udi.command_outcome o USING (lane, seq);

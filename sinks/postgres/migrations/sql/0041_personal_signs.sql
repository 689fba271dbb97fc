-- An identity number is one whatever signs stand between its digits, and with a digit glued to it on either side.

CREATE FUNCTION udi.identity_number_length(p_text text, p_at integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    weights constant integer[] := ARRAY[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    region  constant text := '^9?(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])';
    signs   constant text := '(?:[^[:alnum:]]|\\[bfnrt]|\\u[0-9A-Fa-f]{4}){0,3}';
    found   constant text := substring(substr(p_text, p_at, 400) FROM '^[0-9](?:' || signs || '[0-9]){16}' || signs || '[0-9Xx]');
    digits  constant text := upper(regexp_replace(found, '\\u[0-9A-Fa-f]{4}|[^0-9Xx]', '', 'g'));
    total   integer;
BEGIN
    IF found IS NULL OR digits !~ region OR substr(digits, 7, 2) NOT IN ('18', '19', '20') THEN
        RETURN 0;
    END IF;
    PERFORM make_date(substr(digits, 7, 4)::integer, substr(digits, 11, 2)::integer, substr(digits, 13, 2)::integer);
    SELECT sum(substr(digits, place, 1)::integer * weights[place]) INTO total FROM generate_series(1, 17) place;
    RETURN CASE WHEN substr('10X98765432', total % 11 + 1, 1) = right(digits, 1) THEN length(found) ELSE 0 END;
EXCEPTION WHEN datetime_field_overflow THEN
    RETURN 0;
END $$;
COMMENT ON FUNCTION udi.identity_number_length IS 'Characters of the identity number (GB 11643) that begins at a place of a text, with the signs in it; 0 when none does.';

CREATE FUNCTION udi.masked_2(p_text text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    signs   constant text := '(?:[^[:alnum:]]|\\[bfnrt]|\\u[0-9A-Fa-f]{4}){0,3}';
    shaped  constant text := replace('[1-9]G(?:[0-9]G){5}(?:1G[89]|2G0)G(?:[0-9]G){2}[01]G[0-9]G[0-3]G(?:[0-9]G){4}[0-9Xx]', 'G', signs);
    element constant text := '0[0-2]|10|2[12]|235|24[013]|25[0134]|40[013]|71[0-6]|80(?:0[24]|1[0-3]|1[78]|20)|9[0-9]';
    head    constant text := '(?:(?<![0-9])|(?<=\][A-Za-z][0-9])|(?<=\\[0-9]{6}))(?:' || element || '|[0-9])?$';
    at      integer := 1;
    last    integer := 0;
    found   integer;
BEGIN
    LOOP
        at := regexp_instr(p_text, shaped, at);
        EXIT WHEN at = 0;
        found := udi.identity_number_length(p_text, at);
        IF found > 0 AND (at = last OR substr(p_text, greatest(at - 12, 1), least(at - 1, 12)) ~ head)
           AND (substr(p_text, at + found, 2) !~ '^[0-9]{2}' OR udi.identity_number_length(p_text, at + found) > 0) THEN
            p_text := overlay(p_text PLACING repeat('*', found - 3) FROM at + 3 FOR found - 3);
            at := at + found;
            last := at;
        ELSE
            at := at + 1;
        END IF;
    END LOOP;
    RETURN p_text;
END $$;
COMMENT ON FUNCTION udi.masked_2 IS 'The text with every identity number (GB 11643) in it unreadable but for its first digits; as models.personal.masked.';

CREATE OR REPLACE VIEW report.overrides AS
SELECT n.hospital, n.scan_id, n.scanned_at, n.item_code, n.department, n.store, n.encounter, n.staff, n.units AS quantity, n.verdict::text AS verdict, n.reasons,
       udi.masked_2(coalesce(raw.body -> 'override' ->> 'badge', later.badge)) AS badge,
       udi.masked_2(coalesce(raw.body -> 'override' ->> 'reason', later.reason)) AS reason
FROM udi.scan_now n
JOIN udi.scan s USING (position_id, record_offset)
CROSS JOIN LATERAL (SELECT convert_from(s.raw, 'UTF8')::jsonb AS body) raw
LEFT JOIN LATERAL (
    SELECT c.body ->> 'badge' AS badge, c.reason FROM udi.command c JOIN udi.command_outcome o USING (lane, seq)
    WHERE (c.hospital, c.scan_id, c.kind) = (n.hospital, n.scan_id, 'override') AND o.done ORDER BY c.seq LIMIT 1
) later ON true
WHERE n.reasons && ARRAY['overridden', 'breaker-trial'];

CREATE OR REPLACE VIEW report.corrections AS
SELECT c.hospital, c.scan_id, k.scan_id AS corrected_by, udi.masked_2(c.body::text)::jsonb AS correction, c.by, udi.masked_2(c.reason) AS reason, c.accepted_at,
       k.recorded_at
FROM udi.command c JOIN udi.command_outcome o USING (lane, seq) LEFT JOIN udi.correction k USING (lane, seq)
WHERE c.kind = 'correct' AND o.done;

CREATE OR REPLACE VIEW report.commands AS
SELECT c.hospital, c.lane, c.seq, c.kind, c.scan_id, udi.masked_2(c.body::text)::jsonb AS body, c.by, udi.masked_2(c.reason) AS reason, c.accepted_at, o.done,
       o.detail
FROM udi.command c LEFT JOIN udi.command_outcome o USING (lane, seq);
